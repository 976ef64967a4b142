package dev.kiln.cache.store;

import dev.kiln.cache.store.Meta.Tree;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reads an LMDB file without the library, a reader slot or a lock.
 *
 * <p>LMDB never overwrites a page that the last two committed snapshots use: transaction n writes the meta
 * page {@code n & 1}, and may take a page that was freed by transaction m only when {@code m < n - 1}. Pages
 * of snapshot n are freed by n + 1 at the earliest, so they can first be overwritten by n + 3, which begins
 * after n + 2 has overwritten the meta page of n. Hence: read the meta page, read the tree, read the meta
 * page again; if it is unchanged, all that was read belongs to one snapshot, else start over. Without reader
 * slots there are no stale readers either, whatever is killed.
 */
final class LmdbPages implements AutoCloseable {
    private static final int ATTEMPTS = 200;
    private static final int BATCH = 128;

    private final PageFile file;

    LmdbPages(File path) throws IOException {
        file = new PageFile(path);
    }

    Optional<byte[]> get(String database, byte[] key) throws IOException {
        return consistent(snapshot -> {
            Optional<Tree> tree = snapshot.tree(database);
            return tree.isEmpty() ? Optional.empty() : snapshot.get(tree.get(), key);
        });
    }

    long count(String database) throws IOException {
        return consistent(snapshot -> snapshot.tree(database).map(Tree::entries).orElse(0L));
    }

    long length() throws IOException {
        return file.length();
    }

    /** Visits all records whose key begins with the prefix, in batches that are each of one snapshot. */
    void forEach(String database, byte[] prefix, RecordStore.Visitor visitor) throws IOException {
        byte[] from = prefix;
        List<byte[][]> batch;
        do {
            batch = batch(database, from, prefix);
            for (byte[][] record : batch) {
                if (!visitor.visit(record[0], record[1])) {
                    return;
                }
                from = Arrays.copyOf(record[0], record[0].length + 1);
            }
        } while (batch.size() == BATCH);
    }

    /** Walks every page and checks that trees and free list fit together. */
    void check() throws IOException {
        consistent(snapshot -> {
            new PageAudit(snapshot).run();
            return true;
        });
    }

    private List<byte[][]> batch(String database, byte[] from, byte[] prefix) throws IOException {
        return consistent(snapshot -> {
            var records = new ArrayList<byte[][]>();
            Optional<Tree> tree = snapshot.tree(database);
            if (tree.isPresent()) {
                snapshot.walk(tree.get(), from, (key, value) -> {
                    boolean wanted = key.length >= prefix.length
                            && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
                    if (wanted) {
                        records.add(new byte[][] {key, value});
                    }
                    return wanted && records.size() < BATCH;
                });
            }
            return records;
        });
    }

    /** What is read from one snapshot. */
    private interface Query<T> {
        T run(Snapshot snapshot) throws IOException;
    }

    private <T> T consistent(Query<T> query) throws IOException {
        StoreException problem = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            ByteBuffer[] raw = metas();
            Meta meta = newest(raw);
            try {
                T result = query.run(new Snapshot(file, meta));
                problem = null;
                if (raw[meta.slot()].equals(metas()[meta.slot()])) {
                    return result;
                }
            } catch (StoreException | IndexOutOfBoundsException e) {
                problem = e instanceof StoreException known ? known : StoreException.damaged(e.getMessage());
                if (raw[meta.slot()].equals(metas()[meta.slot()])) {
                    throw problem;
                }
            }
        }
        throw problem != null ? problem
                : StoreException.unavailable("the record file changes faster than it can be read", null);
    }

    private ByteBuffer[] metas() throws IOException {
        ByteBuffer first = file.read(Page.HEADER, Meta.BYTES);
        int pageSize = Meta.parse(0, first).pageSize();
        return new ByteBuffer[] {first, file.read(pageSize + Page.HEADER, Meta.BYTES)};
    }

    private static Meta newest(ByteBuffer[] raw) {
        Meta first = Meta.parse(0, raw[0]);
        Meta second = Meta.parse(1, raw[1]);
        return second.transaction() > first.transaction() ? second : first;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
