package dev.kiln.cache;

import dev.kiln.cache.remote.RemoteSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of one cache.
 *
 * @param directory where everything lies; made with owner-only rights when it is missing
 * @param verifyLevel {@code KILN_VERIFY}: at 2 every blob is read in full before use
 * @param recheckAfter age after which a used blob is read again in the background
 * @param tag a word that is part of all keys: another one starts anew, beside what is there
 * @param remote a cache that other machines use too, behind this one
 */
public record CacheSettings(Path directory, CacheMode mode, int verifyLevel, Duration recheckAfter, String tag,
                            Optional<RemoteSettings> remote) {
    private static final Duration RECHECK_AFTER = Duration.ofDays(1);

    public CacheSettings {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(mode, "mode");
        Objects.requireNonNull(recheckAfter, "recheckAfter");
        Objects.requireNonNull(tag, "tag");
        Objects.requireNonNull(remote, "remote");
    }

    /** Without tag and remote cache. */
    public CacheSettings(Path directory, CacheMode mode, int verifyLevel, Duration recheckAfter) {
        this(directory, mode, verifyLevel, recheckAfter, "", Optional.empty());
    }

    public CacheSettings(Path directory, CacheMode mode) {
        this(directory, mode, 1, RECHECK_AFTER);
    }

    /**
     * Reads {@code KILN_CACHE_DIR} (else {@code $XDG_CACHE_HOME/kiln}, else {@code ~/.cache/kiln}),
     * {@code KILN_CACHE}, {@code KILN_VERIFY}, {@code KILN_CACHE_TAG} and what {@link RemoteSettings} reads.
     *
     * @throws IllegalArgumentException if a variable has no meaning
     */
    public static CacheSettings of(Map<String, String> environment) {
        var mode = CacheMode.parse(environment.getOrDefault("KILN_CACHE", "write"));
        var level = environment.getOrDefault("KILN_VERIFY", "1");
        if (!level.equals("0") && !level.equals("1") && !level.equals("2")) {
            throw new IllegalArgumentException("KILN_VERIFY is 0, 1 or 2, not '" + level + "'");
        }
        return new CacheSettings(directory(environment), mode, Integer.parseInt(level), RECHECK_AFTER,
                environment.getOrDefault("KILN_CACHE_TAG", ""), RemoteSettings.of(environment));
    }

    public CacheSettings withDirectory(Path folder) {
        return new CacheSettings(folder, mode, verifyLevel, recheckAfter, tag, remote);
    }

    public CacheSettings withMode(CacheMode other) {
        return new CacheSettings(directory, other, verifyLevel, recheckAfter, tag, remote);
    }

    public CacheSettings withTag(String word) {
        return new CacheSettings(directory, mode, verifyLevel, recheckAfter, word, remote);
    }

    public CacheSettings withRemote(RemoteSettings settings) {
        return new CacheSettings(directory, mode, verifyLevel, recheckAfter, tag, Optional.of(settings));
    }

    private static Path directory(Map<String, String> environment) {
        var own = environment.getOrDefault("KILN_CACHE_DIR", "");
        if (!own.isEmpty()) {
            return Path.of(own);
        }
        var caches = environment.getOrDefault("XDG_CACHE_HOME", "");
        return caches.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache", "kiln")
                : Path.of(caches, "kiln");
    }
}
