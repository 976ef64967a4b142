package dev.kiln.cache.remote;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A store that tests can look into, and can break. */
final class MemoryStore implements RemoteStore {
    final Map<String, byte[]> values = new ConcurrentHashMap<>();
    final Map<String, Map<String, byte[]>> fields = new ConcurrentHashMap<>();
    volatile boolean readable = true;
    volatile boolean writable = true;
    volatile int questions;

    private void reading() {
        questions++;
        if (!readable) {
            throw new RemoteStoreException("the cable is cut", null);
        }
    }

    private void writing() {
        questions++;
        if (!writable) {
            throw new RemoteStoreException("the disk is full", null);
        }
    }

    @Override
    public Optional<byte[]> get(String name) {
        reading();
        return Optional.ofNullable(values.get(name));
    }

    @Override
    public void put(String name, byte[] value) {
        writing();
        values.put(name, value);
    }

    @Override
    public boolean holds(List<String> names) {
        writing();
        return values.keySet().containsAll(names);
    }

    @Override
    public Map<String, byte[]> fields(String name) {
        reading();
        return Map.copyOf(fields.getOrDefault(name, Map.of()));
    }

    @Override
    public void putField(String name, String field, byte[] value) {
        writing();
        fields.computeIfAbsent(name, n -> new HashMap<>()).put(field, value);
    }

    @Override
    public void ping() {
        reading();
    }

    @Override
    public void close() {
        // Others may use it still.
    }
}
