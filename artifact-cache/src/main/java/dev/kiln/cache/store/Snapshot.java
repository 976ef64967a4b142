package dev.kiln.cache.store;

import dev.kiln.cache.store.Meta.Tree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The record file as of one transaction. Finds and walks records by reading pages; see {@link LmdbPages} for
 * why the pages of a snapshot stay as they are while it is in use.
 */
final class Snapshot {
    private static final int MAX_DEPTH = 32;

    private final PageFile file;
    private final Meta meta;

    Snapshot(PageFile file, Meta meta) {
        this.file = file;
        this.meta = meta;
    }

    Meta meta() {
        return meta;
    }

    /** The tree of a named database; empty when nothing was ever written to it. */
    Optional<Tree> tree(String database) throws IOException {
        byte[] name = database.getBytes(StandardCharsets.UTF_8);
        Page leaf = leaf(meta.main(), name);
        int place = leaf == null ? -1 : exact(leaf, name);
        if (place < 0) {
            return Optional.empty();
        }
        if ((leaf.nodeFlags(place) & Page.SUB_DATA) == 0 || leaf.dataSize(place) != Tree.BYTES) {
            throw StoreException.damaged("'" + database + "' is not a database");
        }
        var root = ByteBuffer.wrap(leaf.data(place, Tree.BYTES)).order(ByteOrder.nativeOrder());
        return Optional.of(Tree.parse(root, 0));
    }

    Optional<byte[]> get(Tree tree, byte[] key) throws IOException {
        Page leaf = leaf(tree, key);
        int place = leaf == null ? -1 : exact(leaf, key);
        return place < 0 ? Optional.empty() : Optional.of(value(leaf, place));
    }

    /**
     * Visits records from the first key that is not below {@code from}.
     *
     * @return false if the visitor stopped
     */
    boolean walk(Tree tree, byte[] from, RecordStore.Visitor visitor) throws IOException {
        return tree.root() == Tree.EMPTY || walk(tree.root(), from, visitor, 0);
    }

    private boolean walk(long number, byte[] from, RecordStore.Visitor visitor, int depth)
            throws IOException {
        Page page = page(number, depth);
        if (page.isBranch()) {
            for (int i = page.childOf(from); i < page.keys(); i++) {
                if (!walk(page.child(i), from, visitor, depth + 1)) {
                    return false;
                }
            }
            return true;
        }
        for (int i = page.ceiling(from); i < page.keys(); i++) {
            if (!visitor.visit(page.key(i), value(page, i))) {
                return false;
            }
        }
        return true;
    }

    Page page(long number, int depth) throws IOException {
        if (number < 2 || number > meta.lastPage() || depth > MAX_DEPTH) {
            throw StoreException.damaged("a tree leads to page " + number + " at depth " + depth);
        }
        return new Page(number, file.read(number * meta.pageSize(), meta.pageSize()));
    }

    byte[] value(Page leaf, int place) throws IOException {
        int size = leaf.dataSize(place);
        if ((leaf.nodeFlags(place) & Page.BIG_DATA) == 0) {
            return leaf.data(place, size);
        }
        long first = leaf.overflow(place);
        overflowPages(first, size);
        return file.read(first * meta.pageSize() + Page.HEADER, size).array();
    }

    /**
     * Checks that a value of this size may start on this overflow page, and returns how many pages it has.
     */
    int overflowPages(long first, int size) throws IOException {
        if (first < 2 || first > meta.lastPage()) {
            throw StoreException.damaged("a value lies on page " + first);
        }
        int pages = Page.overflowPages(file.read(first * meta.pageSize(), Page.HEADER), first);
        if (pages < 1 || (long) pages * meta.pageSize() < (long) size + Page.HEADER) {
            throw StoreException.damaged("the value on page " + first + " is not " + size + " bytes long");
        }
        return pages;
    }

    private Page leaf(Tree tree, byte[] key) throws IOException {
        if (tree.root() == Tree.EMPTY) {
            return null;
        }
        Page page = page(tree.root(), 0);
        for (int depth = 1; page.isBranch(); depth++) {
            page = page(page.child(page.childOf(key)), depth);
        }
        return page;
    }

    private static int exact(Page leaf, byte[] key) {
        int place = leaf.ceiling(key);
        return place < leaf.keys() && Arrays.equals(leaf.key(place), key) ? place : -1;
    }
}
