package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.FunctionOptions.Dynamic;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.remote.RemoteSettings;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.CompileOptions;
import dev.kiln.tensor.Sizes;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;
import redis.embedded.RedisServer;

/**
 * Machines with nothing on their disks that share a Redis server: PyTorch's {@code test_remote_cache_load_function} and
 * {@code TestRemoteAOTAutogradCache}, and what else is shared.
 */
class RemoteCacheTest {
    private static final FunctionOptions OPTIONS = FunctionOptions.defaults()
        .withCompile(CompileOptions.defaults().withMaxAutotune(false));
    private static RedisServer server;
    private static int port;

    @TempDir
    private Path folder;
    private int machines;
    private final Map<String, Long> totals = new TreeMap<>();

    @BeforeAll
    static void start() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        server = RedisServer.newRedisServer().port(port).bind("127.0.0.1").setting("save \"\"").build();
        server.start();
    }

    @AfterAll
    static void stop() throws IOException {
        server.stop();
    }

    @BeforeEach
    void empty() {
        try (RedisClient client = RedisClient.create("127.0.0.1", port)) {
            client.flushAll();
        }
    }

    /** A fresh machine, whose counts are added to those of the others. */
    private void machine(String tag, Consumer<Kiln> work) {
        CacheSettings settings = new CacheSettings(folder.resolve("machine" + machines++), CacheMode.WRITE)
            .withTag(tag).withRemote(RemoteSettings.of("redis://127.0.0.1:" + port));
        Kiln kiln = Kiln.open(KilnConfig.of(settings));
        try (kiln) {
            work.accept(kiln);
        }
        kiln.cache().metrics().snapshot().forEach((name, count) -> totals.merge(name, count, Long::sum));
        assertThat(totals).doesNotContainKey("remote.failed");
    }

    private void assertCounts(String kind, long puts, long hits, long misses) {
        assertThat(List.of("put", "hit", "miss").stream().map(w -> totals.getOrDefault("remote." + kind + '.' + w, 0L)))
            .as("puts, hits and misses of kind %s", kind).containsExactly(puts, hits, misses);
    }

    private static void infer(Kiln kiln) {
        CompiledFunction f = kiln.compile((Tensor x) -> x.tanh().add(1), OPTIONS);
        assertThat(f.call(Torch.zeros(3)).toFloatArray()).containsOnly(1);
    }

    @Test
    void oneCompilesAndThreeLoad() {
        for (int i = 0; i < 4; i++) {
            int compiles = i == 0 ? 1 : 0;
            machine("", kiln -> {
                infer(kiln);
                assertThat(kiln.compiles()).isEqualTo(compiles);
            });
        }
        assertCounts("artifact", 1, 3, 1);
        try (RedisClient client = RedisClient.create("127.0.0.1", port)) {
            assertThat(client.keys("kiln:1:artifact:*")).singleElement().asString()
                .matches("kiln:1:artifact:kg[a-z2-7]{52}");
        }
        machine("another", RemoteCacheTest::infer);
        assertCounts("artifact", 2, 3, 2);
    }

    @Test
    void aFunctionsEntryAndItsGraphAreShared() {
        machine("", RemoteCacheTest::infer);
        assertCounts("aot", 1, 0, 1);
        assertCounts("artifact", 1, 0, 1);
        machine("", RemoteCacheTest::infer);
        assertCounts("aot", 1, 1, 1);
        assertCounts("artifact", 1, 1, 1);
        machine("another", RemoteCacheTest::infer);
        assertCounts("aot", 2, 1, 2);
        assertCounts("artifact", 2, 1, 2);
    }

    private static float[] train(Kiln kiln, FunctionOptions options, boolean backward) {
        Tensor weight = Torch.randn(2, 4, 2).requires_grad_();
        CompiledFunction loss = kiln.compile((Tensor x) -> x.matmul(weight).tanh().sum(), options);
        Tensor result = loss.call(Torch.randn(1, 3, 4));
        if (!backward) {
            return new float[0];
        }
        result.backward();
        return weight.grad().toFloatArray();
    }

    @Test
    void aLazyBackwardIsSharedOnceItIsCompiled() {
        FunctionOptions lazy = OPTIONS.withLazyBackward(true);
        machine("", kiln -> train(kiln, lazy, false));
        assertCounts("aot", 1, 0, 1);
        assertCounts("artifact", 1, 0, 1);
        float[][] gradients = new float[2][];
        machine("", kiln -> {
            gradients[0] = train(kiln, lazy, true);
            assertThat(kiln.compiles()).as("the backward").isEqualTo(1);
        });
        assertCounts("aot", 2, 1, 1);
        assertCounts("artifact", 2, 1, 2);
        machine("", kiln -> {
            gradients[1] = train(kiln, lazy, true);
            assertThat(kiln.compiles()).isZero();
        });
        assertCounts("aot", 2, 2, 1);
        assertCounts("artifact", 2, 3, 2);
        assertThat(gradients[1]).isEqualTo(gradients[0]);
    }

    /** Each side of the guard is a variant of its own, found where the first one's guards do not hold. */
    @Test
    void variantsAreShared() {
        Consumer<Kiln> both = kiln -> {
            CompiledFunction f = kiln.compile((Tensor x) -> Sizes.less(x.size(0), SymInt.of(10)) ? x.sum()
                : x.square().sum(), OPTIONS.withDynamic(Dynamic.ALWAYS));
            assertThat(f.call(Torch.full(DType.F32, 2, 5)).item().doubleValue()).isEqualTo(10, within(1e-6));
            assertThat(f.call(Torch.full(DType.F32, 2, 20)).item().doubleValue()).isEqualTo(80, within(1e-6));
        };
        machine("", both.andThen(kiln -> assertThat(kiln.compiles()).isEqualTo(2)));
        machine("", both.andThen(kiln -> assertThat(kiln.compiles()).isZero()));
    }

    @Test
    void aModelIsNotEvenTracedWhereAnotherMachineCompiledIt() {
        Path model = Models.linear(folder.resolve("linear.onnx"), -1);
        boolean[] hits = new boolean[2];
        for (int i = 0; i < hits.length; i++) {
            int turn = i;
            machine("", kiln -> {
                try (CompiledModel compiled = kiln.compileBlocking(model)) {
                    hits[turn] = compiled.info().cacheHit();
                    assertThat(compiled.info().spans()).extracting(CompileInfo.Span::phase).contains(
                        turn == 0 ? "trace" : "lookup").doesNotContain(turn == 0 ? "lookup" : "trace");
                }
            });
        }
        assertThat(hits).containsExactly(false, true);
        assertCounts("artifact", 1, 1, 1);
    }

    @Test
    void singleOpsAreShared() {
        long[] compiles = new long[2];
        for (int i = 0; i < compiles.length; i++) {
            int turn = i;
            machine("", kiln -> {
                EagerOps ops = kiln.eager(OPTIONS.compile());
                var x = dev.kiln.kernels.runtime.Tensor.ofFloats(new float[] {1, 2}, 2);
                assertThat(ops.call("aten.mul.Tensor", x, x).toFloatArray()).containsExactly(1, 4);
                compiles[turn] = ops.compiles();
            });
        }
        assertThat(compiles).containsExactly(1, 0);
    }
}
