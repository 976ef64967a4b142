package dev.kiln.cli;

import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.remote.RemoteSettings;
import dev.kiln.ops.KilnException;
import picocli.CommandLine.Option;

/** Where the cache is that machines share. */
final class RemoteCacheOption {
    @Option(names = "--remote-cache", paramLabel = "redis://HOST:PORT",
        description = "A cache that machines share, behind the one here (else KILN_REMOTE_CACHE).")
    private String address;

    CacheSettings over(CacheSettings given) {
        if (address == null) {
            return given;
        }
        try {
            return given.withRemote(RemoteSettings.of(address, System.getenv()));
        } catch (IllegalArgumentException e) {
            throw new KilnException.BadInput("--remote-cache: " + e.getMessage(), e);
        }
    }
}
