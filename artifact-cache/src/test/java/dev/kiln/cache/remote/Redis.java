package dev.kiln.cache.remote;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import redis.clients.jedis.RedisClient;
import redis.embedded.RedisServer;

/** A Redis server of the test's own, on the loopback interface, that keeps nothing on disk. */
public final class Redis implements AutoCloseable {
    private final int port;
    private final RedisServer server;

    private Redis(int port, RedisServer server) {
        this.port = port;
        this.server = server;
    }

    public static Redis start() {
        return start(freePort());
    }

    static Redis start(int port, String... settings) {
        try {
            var builder = RedisServer.newRedisServer().port(port).bind("127.0.0.1").setting("save \"\"");
            for (String setting : settings) {
                builder.setting(setting);
            }
            RedisServer server = builder.build();
            server.start();
            return new Redis(port, server);
        } catch (IOException e) {
            throw new UncheckedIOException("no Redis server starts here", e);
        }
    }

    static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public RemoteSettings settings() {
        return RemoteSettings.of("redis://127.0.0.1:" + port);
    }

    /** To look into it. */
    public RedisClient client() {
        return RedisClient.create("127.0.0.1", port);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
