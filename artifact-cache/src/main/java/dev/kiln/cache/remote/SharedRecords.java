package dev.kiln.cache.remote;

import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.RecordStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The records of this machine, with those of a remote cache behind them: what is missing here is asked for there and
 * kept here; what is written here is sent there. Times of use and stamps of files stay here.
 */
public final class SharedRecords implements RecordStore {
    private final RecordStore local;
    private final RemoteCache remote;
    private final boolean keeps;
    /** What did not serve. */
    private final Set<String> refused = ConcurrentHashMap.newKeySet();

    /** @param keeps whether what comes from afar may be written here */
    public SharedRecords(RecordStore local, RemoteCache remote, boolean keeps) {
        this.local = local;
        this.remote = remote;
        this.keeps = keeps;
    }

    @Override
    public Optional<byte[]> get(Kind kind, byte[] key) {
        Optional<byte[]> here = local.get(kind, key);
        if (here.isPresent() || Sharing.of(kind, key) != Sharing.VALUE || refused.contains(name(kind, key))) {
            return here;
        }
        Optional<byte[]> there = remote.get(kind, text(key));
        there.ifPresent(value -> keep(kind, key, value));
        return there;
    }

    /** An entry's components come with it, so that a later miss can be explained here too. */
    private void keep(Kind kind, byte[] key, byte[] value) {
        if (keeps) {
            var changes = new ArrayList<>(List.of(Change.put(kind, key, value)));
            if (kind == Kind.ARTIFACT || kind == Kind.AOT) {
                remote.get(Kind.COMPONENTS, text(key)).ifPresent(components ->
                        changes.add(Change.put(Kind.COMPONENTS, key, components)));
            }
            local.write(changes);
        }
    }

    @Override
    public CompletableFuture<Void> write(List<Change> changes) {
        CompletableFuture<Void> written = local.write(changes);
        for (Change change : changes) {
            change.value().ifPresent(value -> share(change.kind(), change.key(), value));
        }
        return written;
    }

    /** Sends a record there, if its kind is shared. What is deleted here may serve others, and is not deleted there. */
    public void share(Kind kind, byte[] key, byte[] value) {
        refused.remove(name(kind, key));
        switch (Sharing.of(kind, key)) {
            case VALUE -> remote.put(kind, text(key), value);
            case FIELD -> remote.putField(kind, Field.of(key).owner(), Field.of(key).name(), value);
            case NONE -> { }
        }
    }

    /** Does not ask for a record again that did not serve here, before somebody here writes it anew. */
    public void refuse(Kind kind, byte[] key) {
        refused.add(name(kind, key));
    }

    @Override
    public void forEach(Kind kind, byte[] prefix, Visitor visitor) {
        if (prefix.length == 0 || Sharing.of(kind, prefix) != Sharing.FIELD) {
            local.forEach(kind, prefix, visitor);
            return;
        }
        var here = new HashSet<String>();
        var wantsMore = new boolean[] {true};
        local.forEach(kind, prefix, (key, value) -> {
            here.add(text(key));
            wantsMore[0] = visitor.visit(key, value);
            return wantsMore[0];
        });
        if (wantsMore[0]) {
            visitOthers(kind, Field.of(prefix).owner(), here, visitor);
        }
    }

    private void visitOthers(Kind kind, String owner, Set<String> here, Visitor visitor) {
        for (Map.Entry<String, byte[]> field : remote.fields(kind, owner).entrySet()) {
            var key = new Field(owner, field.getKey());
            if (here.contains(key.text()) || refused.contains(name(kind, key.bytes()))
                    || key.bytes().length > Change.MAX_KEY) {
                continue;
            }
            if (keeps) {
                local.write(List.of(Change.put(kind, key.bytes(), field.getValue())));
            }
            if (!visitor.visit(key.bytes(), field.getValue())) {
                return;
            }
        }
    }

    /** A record of many that belong to one: its key is the owner's, a colon, and a name. */
    private record Field(String owner, String name) {
        static Field of(byte[] key) {
            String[] parts = SharedRecords.text(key).split(":", 2);
            return new Field(parts[0], parts.length == 1 ? "" : parts[1]);
        }

        String text() {
            return owner + ':' + name;
        }

        byte[] bytes() {
            return text().getBytes(StandardCharsets.US_ASCII);
        }
    }

    private static String name(Kind kind, byte[] key) {
        return kind.database() + ':' + text(key);
    }

    private static String text(byte[] key) {
        return new String(key, StandardCharsets.US_ASCII);
    }

    @Override
    public long count(Kind kind) {
        return local.count(kind);
    }

    @Override
    public long bytes() {
        return local.bytes();
    }

    @Override
    public void check() {
        local.check();
    }

    @Override
    public CompletableFuture<Void> recover(Path quarantine) {
        return local.recover(quarantine);
    }

    /** The remote cache is closed by its owner. */
    @Override
    public void close() {
        local.close();
    }
}
