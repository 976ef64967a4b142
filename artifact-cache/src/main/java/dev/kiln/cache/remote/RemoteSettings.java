package dev.kiln.cache.remote;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Where the remote cache is and how it is used.
 *
 * @param address {@code redis://[user:password@]host[:port][/database]}, {@code rediss://} for TLS
 * @param writes whether compiled entries are sent there; a fleet that should only be warmed does without
 * @param lifetime time after which what nobody asked for vanishes; empty leaves it to the server
 * @param timeout time after which one question to the server counts as failed
 * @param secret signs what is stored, so that only those who know it can make others run code; empty for a digest, which
 *     sees damage but no forgery
 */
public record RemoteSettings(URI address, boolean writes, Optional<Duration> lifetime, Duration timeout,
                             Optional<String> secret) {
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final int DEFAULT_PORT = 6379;

    public RemoteSettings {
        Objects.requireNonNull(lifetime, "lifetime");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(secret, "secret");
    }

    /** With the defaults: reads and writes, no end of life, two seconds, not signed. */
    public static RemoteSettings of(String address) {
        return new RemoteSettings(parse(address), true, Optional.empty(), TIMEOUT, Optional.empty());
    }

    /**
     * Reads {@code KILN_REMOTE_CACHE} and, if it is set, {@code KILN_REMOTE_CACHE_MODE} ({@code read} or
     * {@code write}), {@code KILN_REMOTE_CACHE_EXPIRE} (seconds), {@code KILN_REMOTE_CACHE_TIMEOUT} (milliseconds) and
     * {@code KILN_REMOTE_CACHE_SECRET}.
     *
     * @throws IllegalArgumentException if a variable has no meaning
     */
    public static Optional<RemoteSettings> of(Map<String, String> environment) {
        var address = environment.getOrDefault("KILN_REMOTE_CACHE", "");
        return address.isEmpty() ? Optional.empty() : Optional.of(of(address, environment));
    }

    /** As {@link #of(Map)}, with an address from elsewhere. */
    public static RemoteSettings of(String address, Map<String, String> environment) {
        var mode = environment.getOrDefault("KILN_REMOTE_CACHE_MODE", "write");
        if (!mode.equals("read") && !mode.equals("write")) {
            throw new IllegalArgumentException("KILN_REMOTE_CACHE_MODE is read or write, not '" + mode + "'");
        }
        return new RemoteSettings(parse(address), mode.equals("write"),
                number(environment, "KILN_REMOTE_CACHE_EXPIRE", "seconds").map(Duration::ofSeconds),
                number(environment, "KILN_REMOTE_CACHE_TIMEOUT", "milliseconds").map(Duration::ofMillis).orElse(TIMEOUT),
                Optional.ofNullable(environment.get("KILN_REMOTE_CACHE_SECRET")).filter(text -> !text.isEmpty()));
    }

    private static Optional<Long> number(Map<String, String> environment, String name, String unit) {
        var text = environment.getOrDefault(name, "");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw new IllegalArgumentException(name + " is a number of " + unit + ", not '" + text + "'");
        }
        return Optional.of(Long.parseLong(text));
    }

    private static URI parse(String address) {
        try {
            var uri = new URI(address);
            boolean known = "redis".equals(uri.getScheme()) || "rediss".equals(uri.getScheme());
            if (known && uri.getHost() != null && uri.getPath().matches("(/[0-9]*)?")) {
                return uri.getPort() >= 0 ? uri : new URI(uri.getScheme(), uri.getUserInfo(), uri.getHost(),
                        DEFAULT_PORT, uri.getPath(), null, null);
            }
        } catch (URISyntaxException e) {
            throw malformed();
        }
        throw malformed();
    }

    /** Without the address, which may hold a password, and without a cause that quotes it. */
    private static IllegalArgumentException malformed() {
        return new IllegalArgumentException(
                "the address of a remote cache is written as redis://host:port or rediss://user:password@host:port/0");
    }

    /** The address without user and password, for messages. */
    public String place() {
        return address.getScheme() + "://" + address.getHost() + ':' + address.getPort();
    }

    public RemoteSettings withSecret(String word) {
        return new RemoteSettings(address, writes, lifetime, timeout, Optional.of(word));
    }

    public RemoteSettings withWrites(boolean allowed) {
        return new RemoteSettings(address, allowed, lifetime, timeout, secret);
    }

    public RemoteSettings withLifetime(Duration span) {
        return new RemoteSettings(address, writes, Optional.of(span), timeout, secret);
    }

    public RemoteSettings withTimeout(Duration span) {
        return new RemoteSettings(address, writes, lifetime, span, secret);
    }

    /** Neither password nor secret. */
    @Override
    public String toString() {
        return place() + (writes ? "" : " (read only)") + (secret.isPresent() ? " (signed)" : "");
    }
}
