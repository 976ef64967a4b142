package dev.kiln.cache.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Holds nothing and keeps nothing: the store of a cache that is off. */
public final class EmptyStore implements RecordStore {

    @Override
    public Optional<byte[]> get(Kind kind, byte[] key) {
        return Optional.empty();
    }

    @Override
    public CompletableFuture<Void> write(List<Change> changes) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void forEach(Kind kind, byte[] prefix, Visitor visitor) {
        // There is nothing to visit.
    }

    @Override
    public long count(Kind kind) {
        return 0;
    }

    @Override
    public long bytes() {
        return 0;
    }

    @Override
    public void check() {
        // Nothing is always whole.
    }

    @Override
    public CompletableFuture<Void> recover(Path quarantine) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {
        // There is nothing to close.
    }
}
