package dev.kiln.cache;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Builds a key from named components.
 *
 * <p>Each component is a canonical sequence of typed, length-prefixed values, hashed by itself with SHA-256.
 * The encoding is our own and versioned: no object serialisation, no identity hashes, no iteration order of
 * hash tables.
 *
 * <pre>{@code
 * KeyBuilder keys = new KeyBuilder("kg");
 * keys.component("graph").text(graph.print());
 * keys.component("options").field("max_autotune", true).field("threads", 2);
 * CacheKey key = keys.components().key();
 * }</pre>
 */
public final class KeyBuilder {
    private final String domain;
    private final Map<String, Component> components = new TreeMap<>();

    /** @param domain two letters, see {@link CacheKey} */
    public KeyBuilder(String domain) {
        this.domain = domain;
    }

    /** The component of this name, made on first use; later calls append to it. */
    public Component component(String name) {
        if (name.isEmpty() || name.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("a component name is one non-empty line");
        }
        return components.computeIfAbsent(name, n -> new Component());
    }

    public KeyComponents components() {
        var hashes = new TreeMap<String, String>();
        components.forEach((name, component) -> hashes.put(name, Sha256.hex(component.out.toByteArray())));
        return new KeyComponents(domain, hashes);
    }

    /** Short for {@code components().key()}. */
    public CacheKey key() {
        return components().key();
    }

    /** An ordered sequence of values. Order matters, except inside {@link #set} and {@link #map}. */
    public static final class Component {
        private final CanonicalBytes out = new CanonicalBytes();

        private Component() {
        }

        public Component text(String value) {
            out.text(value);
            return this;
        }

        public Component number(long value) {
            out.number(value);
            return this;
        }

        /** Compared by bits, except that every NaN is the same. */
        public Component real(double value) {
            out.real(value);
            return this;
        }

        public Component flag(boolean value) {
            out.flag(value);
            return this;
        }

        public Component bytes(byte[] value) {
            out.bytes(value);
            return this;
        }

        /** Content by its digest, for constants too large to encode. */
        public Component blob(Blob value) {
            out.blob(value);
            return this;
        }

        /** A value that is not there; differs from the empty text and from zero. */
        public Component absent() {
            out.absent();
            return this;
        }

        public Component list(Collection<String> values) {
            out.list(values);
            return this;
        }

        /** Values whose order has no meaning. */
        public Component set(Collection<String> values) {
            out.set(new TreeSet<>(values));
            return this;
        }

        /** Entries whose order has no meaning. */
        public Component map(Map<String, String> values) {
            out.map(new TreeMap<>(values));
            return this;
        }

        public Component field(String name, String value) {
            return text(name).text(value);
        }

        public Component field(String name, long value) {
            return text(name).number(value);
        }

        public Component field(String name, boolean value) {
            return text(name).flag(value);
        }

        public Component field(String name, double value) {
            return text(name).real(value);
        }
    }
}
