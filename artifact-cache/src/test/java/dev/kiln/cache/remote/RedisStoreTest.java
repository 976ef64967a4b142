package dev.kiln.cache.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.Samples;
import dev.kiln.cache.store.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisStoreTest {
    private static Redis redis;

    @BeforeAll
    static void start() {
        redis = Redis.start();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @Test
    void keepsValuesAndFields() {
        try (var store = new RedisStore(redis.settings())) {
            byte[] large = Samples.content(1, 4 << 20);
            store.put("large", large);
            store.put("empty", new byte[0]);
            assertThat(store.get("large")).contains(large);
            assertThat(store.get("empty")).contains(new byte[0]);
            assertThat(store.get("none")).isEmpty();
            assertThat(store.holds(List.of("large", "empty"))).isTrue();
            assertThat(store.holds(List.of("large", "none"))).isFalse();
            store.putField("owner", "a", new byte[] {1});
            store.putField("owner", "b", new byte[] {2});
            store.putField("owner", "a", new byte[] {3});
            assertThat(store.fields("owner")).containsOnlyKeys("a", "b").containsEntry("a", new byte[] {3})
                    .containsEntry("b", new byte[] {2});
            assertThat(store.fields("nobody")).isEmpty();
        }
    }

    @Test
    void whatIsUsedLivesOn() {
        var brief = redis.settings().withLifetime(Duration.ofSeconds(100));
        try (var store = new RedisStore(brief); var reader = new RedisStore(brief.withWrites(false));
                var client = redis.client()) {
            store.put("kept", new byte[1]);
            assertThat(client.ttl("kept")).isBetween(90L, 100L);
            client.expire("kept", 10);
            assertThat(reader.get("kept")).isPresent();
            assertThat(client.ttl("kept")).as("a reader changes nothing").isLessThanOrEqualTo(10);
            assertThat(store.get("kept")).isPresent();
            assertThat(client.ttl("kept")).isGreaterThan(90);
            client.expire("kept", 10);
            assertThat(store.holds(List.of("kept"))).isTrue();
            assertThat(client.ttl("kept")).isGreaterThan(90);
            store.putField("owner", "a", new byte[1]);
            assertThat(client.ttl("owner")).isGreaterThan(90);
        }
    }

    @Test
    void saysWhyThereIsNoAnswer() {
        var nobody = RemoteSettings.of("redis://127.0.0.1:" + Redis.freePort());
        assertThatThrownBy(() -> RemoteCache.ping(nobody)).isInstanceOf(RemoteStoreException.class)
                .hasMessageContaining("refused");
        assertThat(RemoteCache.ping(redis.settings())).isPositive();
    }

    @Test
    void aServerThatNeverAnswersCostsOneTimeout() throws IOException {
        try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                var cache = RemoteCache.open(RemoteSettings.of("redis://127.0.0.1:" + silent.getLocalPort())
                        .withTimeout(Duration.ofMillis(200)), new CacheMetrics())) {
            long start = System.nanoTime();
            for (int i = 0; i < 50; i++) {
                assertThat(cache.get(Kind.ARTIFACT, "a")).isEmpty();
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).as("fifty would take ten seconds")
                    .isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    void wantsTheRightPassword() {
        int port = Redis.freePort();
        try (var guarded = Redis.start(port, "requirepass hidden")) {
            var right = RemoteSettings.of("redis://:hidden@127.0.0.1:" + port);
            assertThat(RemoteCache.ping(right)).isPositive();
            for (RemoteSettings wrong : List.of(guarded.settings(), RemoteSettings.of("redis://:x@127.0.0.1:" + port))) {
                assertThatThrownBy(() -> RemoteCache.ping(wrong)).isInstanceOf(RemoteStoreException.class)
                        .hasMessageNotContaining("hidden");
            }
        }
    }

    @Test
    void isUsedAgainWhenItComesBack() {
        int port = Redis.freePort();
        var metrics = new CacheMetrics();
        try (var cache = RemoteCache.open(RemoteSettings.of("redis://127.0.0.1:" + port), metrics)) {
            assertThat(cache.get(Kind.ARTIFACT, "a")).isEmpty();
            assertThat(metrics.get("remote.failed")).isEqualTo(1);
            try (var late = Redis.start(port)) {
                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                    cache.get(Kind.ARTIFACT, "a");
                    return metrics.get("remote.artifact.miss") > 0;
                });
            }
        }
    }
}
