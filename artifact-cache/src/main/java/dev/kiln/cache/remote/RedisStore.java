package dev.kiln.cache.remote;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.GetExParams;
import redis.clients.jedis.util.JedisURIHelper;

/** A Redis server, 6.2 or later, or what speaks its protocol. */
final class RedisStore implements RemoteStore {
    private final RedisClient client;
    /** Seconds; zero keeps values until the server evicts them. */
    private final long lifetime;
    private final boolean renews;

    RedisStore(RemoteSettings settings) {
        var address = settings.address();
        int timeout = Math.toIntExact(settings.timeout().toMillis());
        var config = DefaultJedisClientConfig.builder().connectionTimeoutMillis(timeout).socketTimeoutMillis(timeout)
                .user(JedisURIHelper.getUser(address)).password(JedisURIHelper.getPassword(address))
                .database(JedisURIHelper.getDBIndex(address)).ssl(JedisURIHelper.isRedisSSLScheme(address))
                .clientName("kiln").build();
        client = RedisClient.builder().hostAndPort(JedisURIHelper.getHostAndPort(address)).clientConfig(config)
                .poolConfig(pool(settings.timeout())).build();
        lifetime = settings.lifetime().map(Duration::toSeconds).orElse(0L);
        renews = lifetime > 0 && settings.writes();
    }

    /** Without a management bean: a fresh process would wait for it longer than for the server. */
    private static ConnectionPoolConfig pool(Duration longestWait) {
        var pool = new ConnectionPoolConfig();
        pool.setJmxEnabled(false);
        pool.setMaxWait(longestWait);
        return pool;
    }

    @Override
    public Optional<byte[]> get(String name) {
        return ask(redis -> Optional.ofNullable(renews
                ? redis.getEx(bytes(name), GetExParams.getExParams().ex(lifetime)) : redis.get(bytes(name))));
    }

    @Override
    public void put(String name, byte[] value) {
        ask(redis -> lifetime > 0 ? redis.setex(bytes(name), lifetime, value) : redis.set(bytes(name), value));
    }

    @Override
    public boolean holds(List<String> names) {
        return ask(redis -> {
            byte[][] keys = names.stream().map(RedisStore::bytes).toArray(byte[][]::new);
            boolean all = redis.exists(keys) == keys.length;
            for (int i = 0; all && renews && i < keys.length; i++) {
                redis.expire(keys[i], lifetime);
            }
            return all;
        });
    }

    @Override
    public Map<String, byte[]> fields(String name) {
        var fields = new HashMap<String, byte[]>();
        ask(redis -> redis.hgetAll(bytes(name))).forEach((field, value) ->
                fields.put(new String(field, StandardCharsets.US_ASCII), value));
        return fields;
    }

    @Override
    public void putField(String name, String field, byte[] value) {
        ask(redis -> {
            long added = redis.hset(bytes(name), bytes(field), value);
            return lifetime > 0 ? redis.expire(bytes(name), lifetime) : added;
        });
    }

    @Override
    public void ping() {
        ask(RedisClient::ping);
    }

    private <T> T ask(Function<RedisClient, T> question) {
        try {
            return question.apply(client);
        } catch (JedisException e) {
            throw new RemoteStoreException(reason(e), e);
        }
    }

    /** Jedis says only that it got no connection; what stood in the way is further down, one failure an address. */
    private static String reason(Throwable problem) {
        Throwable deepest = problem;
        while (deepest.getCause() != null || deepest.getSuppressed().length > 0) {
            deepest = deepest.getCause() != null ? deepest.getCause() : deepest.getSuppressed()[0];
        }
        return deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
    }

    private static byte[] bytes(String ascii) {
        return ascii.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        client.close();
    }
}
