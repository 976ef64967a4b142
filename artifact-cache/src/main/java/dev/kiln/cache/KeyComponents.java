package dev.kiln.cache;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The parts of a key: name of each component and the hexadecimal SHA-256 of its canonical encoding. Stored
 * with every entry, so that a miss is explained by comparing two lists instead of guessing.
 *
 * @param domain two letters, see {@link CacheKey}
 */
public record KeyComponents(String domain, SortedMap<String, String> hashes) {
    /** Version of the canonical encoding; part of every key, so a new encoding never meets old entries. */
    static final int ENCODING = 1;

    public KeyComponents {
        if (domain.length() != 2 || domain.charAt(0) != 'k') {
            throw new IllegalArgumentException("a key domain is 'k' and one letter, not '" + domain + "'");
        }
        hashes = Sorted.copyOf(hashes);
    }

    /** SHA-256 over the encoding version, the domain and the sorted components. */
    public CacheKey key() {
        var out = new CanonicalBytes();
        out.number(ENCODING);
        out.text(domain);
        out.number(hashes.size());
        hashes.forEach((name, hash) -> {
            out.text(name);
            out.text(hash);
        });
        return CacheKey.of(domain, Sha256.of(out.toByteArray()));
    }

    /** Names of the components that differ or that only one side has, in order. */
    public List<String> differences(KeyComponents other) {
        var names = new TreeSet<>(hashes.keySet());
        names.addAll(other.hashes.keySet());
        names.removeIf(name -> hashes.containsKey(name) && hashes.get(name).equals(other.hashes.get(name)));
        return new ArrayList<>(names);
    }

    /** One line per component, {@code name hash}, for reports. */
    public List<String> lines() {
        return hashes.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList();
    }

    byte[] toBytes() {
        var out = new StringBuilder(domain).append('\n');
        hashes.forEach((name, hash) -> out.append(hash).append(' ').append(name).append('\n'));
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Reads {@link #toBytes()}; throws {@link IllegalArgumentException} on anything else. */
    static KeyComponents parse(byte[] bytes) {
        var lines = new String(bytes, StandardCharsets.UTF_8).split("\n");
        var hashes = new TreeMap<String, String>();
        for (int i = 1; i < lines.length; i++) {
            if (lines[i].length() < 66 || lines[i].charAt(64) != ' ') {
                throw new IllegalArgumentException("component line " + i + " is malformed");
            }
            hashes.put(lines[i].substring(65), lines[i].substring(0, 64));
        }
        return new KeyComponents(lines[0], hashes);
    }
}
