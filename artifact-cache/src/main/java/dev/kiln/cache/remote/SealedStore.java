package dev.kiln.cache.remote;

import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.CorruptEntryException;
import dev.kiln.cache.Reports;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A remote store that never fails and gives out nothing that was not checked. What it cannot give is missing. */
final class SealedStore implements AutoCloseable {
    /** Of a name or a field's name: versions that lay things out in another way do not meet. */
    private static final String PREFIX = "kiln:1:";

    private final RemoteStore store;
    private final Link reading;
    private final Link writing;
    private final Seal seal;
    private final CacheMetrics metrics;

    SealedStore(RemoteStore store, RemoteSettings settings, CacheMetrics metrics) {
        this.store = store;
        this.metrics = metrics;
        reading = new Link(store, settings.place(), "read", metrics);
        writing = new Link(store, settings.place(), "written to", metrics);
        seal = new Seal(settings.secret());
    }

    /** @param what kind of value, for the counters */
    Optional<byte[]> get(String what, String name, int limit) {
        Optional<Optional<byte[]>> answer = reading.ask(remote -> remote.get(PREFIX + name));
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        Optional<byte[]> content = answer.get().flatMap(sealed -> open(what, PREFIX + name, sealed, limit));
        metrics.increment("remote." + what + (content.isPresent() ? ".hit" : ".miss"));
        return content;
    }

    /** Whether it got there. */
    boolean put(String what, String name, byte[] content) {
        byte[] sealed = seal.close(PREFIX + name, content);
        boolean done = writing.ask(remote -> {
            remote.put(PREFIX + name, sealed);
            return true;
        }).isPresent();
        count(what, done, sealed.length);
        return done;
    }

    /** Empty if the store does not answer. */
    Optional<Boolean> holds(List<String> names) {
        return writing.ask(remote -> remote.holds(names.stream().map(name -> PREFIX + name).toList()));
    }

    Map<String, byte[]> fields(String what, String name, int limit) {
        var contents = new HashMap<String, byte[]>();
        reading.ask(remote -> remote.fields(PREFIX + name)).orElse(Map.of()).forEach((field, sealed) ->
                open(what, fieldName(name, field), sealed, limit).ifPresent(content -> contents.put(field, content)));
        return contents;
    }

    void putField(String what, String name, String field, byte[] content) {
        byte[] sealed = seal.close(fieldName(name, field), content);
        count(what, writing.ask(remote -> {
            remote.putField(PREFIX + name, field, sealed);
            return true;
        }).isPresent(), sealed.length);
    }

    private static String fieldName(String name, String field) {
        return PREFIX + name + ':' + field;
    }

    private void count(String what, boolean done, long bytes) {
        if (done) {
            metrics.increment("remote." + what + ".put");
            metrics.add("remote.bytes.written", bytes);
        }
    }

    private Optional<byte[]> open(String what, String name, byte[] sealed, int limit) {
        metrics.add("remote.bytes.read", sealed.length);
        try {
            return Optional.of(seal.open(name, sealed, limit));
        } catch (CorruptEntryException e) {
            metrics.increment("remote." + what + ".corrupt");
            Reports.warn("remote value " + name + " is not used: " + e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
