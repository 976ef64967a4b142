package dev.kiln.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.EagerOps;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One op called eagerly: what hits, what misses, and what lasts. */
class EagerOpsTest {
    private static final Tensor X = Tensor.ofFloats(new float[] {1, -2, 3, -4, 5, -6}, 2, 3);
    private static final Tensor Y = Tensor.ofFloats(new float[] {10, 20, 30, 40, 50, 60}, 2, 3);

    private static final Offset<Float> NEARLY = Offset.offset(1e-5f);

    @TempDir
    Path folder;

    private Kiln open() {
        return Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE)));
    }

    /** Calls, and says whether that compiled anything. */
    private static boolean compiles(EagerOps ops, String overload, Object... args) {
        long before = ops.compiles();
        assertThat(ops.callAll(overload, args)).isNotEmpty();
        return ops.compiles() > before;
    }

    @Test
    void complexTensorsGoInAndOut() {
        Tensor signal = Tensor.ofFloats(new float[] {1, 2, 3, 4}, 4);
        for (boolean again : new boolean[] {false, true}) {
            try (Kiln kiln = open()) {
                EagerOps ops = kiln.eager();
                Tensor spectrum = ops.call("aten.fft_rfft.default", signal);
                assertThat(spectrum.dtype()).isEqualTo(DType.C64);
                assertThat(spectrum.parts().toFloatArray()).containsExactly(new float[] {10, 0, -2, 2, -2, 0}, NEARLY);
                Tensor turned = ops.call("aten.mul.Tensor", spectrum, Tensor.ofComplex(new float[] {0, 2}, 1));
                assertThat(turned.parts().toFloatArray()).containsExactly(new float[] {0, 20, -4, -4, 0, -4}, NEARLY);
                assertThat(ops.call("aten.abs.default", turned).toFloatArray()[0]).isEqualTo(20, NEARLY);
                assertThat(ops.call("aten.fft_irfft.default", spectrum).toFloatArray())
                    .containsExactly(new float[] {1, 2, 3, 4}, NEARLY);
                assertThat(ops.compiles()).as("kept in the cache").isEqualTo(again ? 0 : 4);
                assertThatThrownBy(() -> ops.call("aten.cumsum.default", spectrum, 0))
                    .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("of complex numbers");
            }
        }
    }

    @Test
    void parametersDecideBetweenHitAndMiss() {
        try (Kiln kiln = open()) {
            EagerOps ops = kiln.eager();
            assertThat(ops.call("aten.add.Tensor", X, Y).toFloatArray()).containsExactly(11, 18, 33, 36, 55, 54);
            assertThat(compiles(ops, "aten.add.Tensor", Y, X)).as("other elements").isFalse();
            assertThat(compiles(ops, "aten.add.Tensor", X, Y, 1)).as("the default, given").isFalse();
            assertThat(compiles(ops, "aten.add.Tensor", X, Y, null)).as("null for the default").isFalse();
            assertThat(compiles(ops, "aten.add.Tensor", X, Y, 2)).as("another scalar").isTrue();
            assertThat(compiles(ops, "aten.add.Tensor", X, Y, 2.0)).as("a scalar of another kind").isTrue();
            assertThat(compiles(ops, "aten.add.Tensor", X, Y, 2)).as("the earlier scalar").isFalse();
            assertThat(compiles(ops, "aten.add.Tensor", X, row())).as("another rank").isTrue();
            assertThat(compiles(ops, "aten.add.Tensor", X, doubles())).as("another dtype").isTrue();
            assertThat(compiles(ops, "aten.clamp.default", X, 1.5, null)).isTrue();
            assertThat(compiles(ops, "aten.clamp.default", X, null, 1.5)).as("None at another place").isTrue();
            assertThat(compiles(ops, "aten.clamp.default", X, null, 1.5)).isFalse();
            assertThat(compiles(ops, "aten.gelu.default", X, "none")).isTrue();
            assertThat(compiles(ops, "aten.gelu.default", X, "tanh")).as("another string").isTrue();
            assertThat(compiles(ops, "aten.gelu.default", X)).as("the default string").isFalse();
            assertThat(compiles(ops, "aten.sum.dim_IntList", X, new long[] {0})).isTrue();
            assertThat(compiles(ops, "aten.sum.dim_IntList", X, new long[] {0, 1})).as("a longer list").isTrue();
            assertThat(compiles(ops, "aten.cat.default", List.of(X, Y), 0)).isTrue();
            assertThat(compiles(ops, "aten.cat.default", List.of(X, Y, X), 0)).as("more tensors").isTrue();
            assertThat(compiles(ops, "aten._to_copy.default", X, DType.F64)).isTrue();
            assertThat(compiles(ops, "aten._to_copy.default", X, DType.I64)).as("another dtype").isTrue();
        }
    }

    private static Tensor row() {
        return Tensor.ofFloats(new float[] {1, 2, 3}, 3);
    }

    private static Tensor doubles() {
        return Tensor.ofDoubles(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    }

    private static Tensor transposed() {
        return Tensor.of(Tensor.ofFloats(new float[] {1, 4, 2, 5, 3, 6}, 6).data(), DType.F32, new long[] {2, 3},
            new long[] {1, 2});
    }

    @Test
    void stridesAreParametersAndAreReadInPlace() {
        try (Kiln kiln = open()) {
            EagerOps ops = kiln.eager();
            assertThat(compiles(ops, "aten.neg.default", X)).isTrue();
            assertThat(compiles(ops, "aten.neg.default", transposed())).as("other strides").isTrue();
            assertThat(compiles(ops, "aten.neg.default", transposed())).isFalse();
            assertThat(ops.call("aten.neg.default", transposed()).toFloatArray())
                .containsExactly(-1, -2, -3, -4, -5, -6);
            Tensor stretched = Tensor.of(row().data(), DType.F32, new long[] {2, 3}, new long[] {0, 1});
            assertThat(ops.call("aten.mul.Tensor", stretched, transposed()).toFloatArray())
                .containsExactly(1, 4, 9, 4, 10, 18);
        }
    }

    @Test
    void severalResultsComeInOrder() {
        try (Kiln kiln = open()) {
            List<Tensor> results = kiln.eager().callAll("aten.max.dim", X, 1);
            assertThat(results.get(0).toFloatArray()).containsExactly(3, 5);
            assertThat(results.get(1).toLongArray()).containsExactly(2, 1);
            assertThatThrownBy(() -> kiln.eager().call("aten.max.dim", X, 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("2 results");
        }
    }

    @Test
    void dynamicKernelsServeEveryShapeOfTheirRank() {
        try (Kiln kiln = open()) {
            EagerOps ops = kiln.eager().dynamic();
            assertThat(compiles(ops, "aten.mul.Tensor", X, row())).isTrue();
            Tensor wide = Tensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4);
            Tensor four = Tensor.ofFloats(new float[] {1, 10, 100, 1000}, 4);
            long before = ops.compiles();
            assertThat(ops.call("aten.mul.Tensor", wide, four).toFloatArray())
                .containsExactly(1, 20, 300, 4000, 5, 60, 700, 8000, 9, 100, 1100, 12000);
            assertThat(ops.call("aten.mul.Tensor", transposed(), row()).toFloatArray()).containsExactly(1, 4, 9, 4, 10, 18);
            assertThat(ops.compiles()).isEqualTo(before);
            Tensor one = Tensor.ofFloats(new float[] {2}, 1);
            assertThat(compiles(ops, "aten.mul.Tensor", X, one)).as("a size of 1 is another kernel").isTrue();
            assertThat(compiles(ops, "aten.mul.Tensor", wide, one)).isFalse();
            assertThat(compiles(kiln.eager(), "aten.mul.Tensor", X, row())).as("static calls use it too").isFalse();
        }
        try (Kiln kiln = open()) {
            Tensor x = Tensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5, 2);
            Tensor two = Tensor.ofFloats(new float[] {1, -1}, 2);
            assertThat(kiln.eager().call("aten.mul.Tensor", x, two).toFloatArray())
                .containsExactly(1, -2, 3, -4, 5, -6, 7, -8, 9, -10);
            assertThat(kiln.eager().compiles()).as("found in the cache").isZero();
        }
    }

    @Test
    void conditionsOfADynamicKernelAreKept() {
        try (Kiln kiln = open()) {
            EagerOps ops = kiln.eager().dynamic();
            Tensor square = Tensor.ofFloats(new float[] {1, 2, 3, 4}, 2, 2);
            assertThat(ops.call("aten.mm.default", square, square).toFloatArray()).containsExactly(7, 10, 15, 22);
            assertThat(ops.call("aten.mm.default", square, X).toFloatArray()).containsExactly(-7, 8, -9, -13, 14, -15);
            assertThatThrownBy(() -> ops.call("aten.mm.default", X, X)).isInstanceOf(KilnException.BadInput.class);
        }
    }

    @Test
    void aMissingOrDamagedLibraryIsCompiledAgain() throws IOException {
        try (Kiln kiln = open()) {
            kiln.eager().call("aten.relu.default", X);
        }
        Path object = largestBlob();
        byte[] bytes = Files.readAllBytes(object);
        Files.delete(object);
        assertCompiledOnceThenFound();
        byte[] damaged = bytes.clone();
        damaged[bytes.length / 2] ^= 1;
        Files.write(object, damaged);
        assertCompiledOnceThenFound();
        Files.write(object, Arrays.copyOf(bytes, bytes.length / 2));
        assertCompiledOnceThenFound();
    }

    private void assertCompiledOnceThenFound() {
        for (int round = 0; round < 2; round++) {
            try (Kiln kiln = open()) {
                assertThat(kiln.eager().call("aten.relu.default", X).toFloatArray()).containsExactly(1, 0, 3, 0, 5, 0);
                assertThat(kiln.eager().compiles()).isEqualTo(1 - round);
                assertThat(kiln.cache().artifacts().verify(false).bad()).isEmpty();
            }
        }
    }

    /** The object of the one entry there is. */
    private Path largestBlob() {
        try (CacheHome home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.READ))) {
            List<Path> objects = new ArrayList<>();
            home.records().forEach(dev.kiln.cache.store.Kind.ARTIFACT, new byte[0], (key, value) -> {
                var found = home.artifacts().lookup(
                    new dev.kiln.cache.CacheKey(new String(key, java.nio.charset.StandardCharsets.US_ASCII)));
                objects.add(home.blobs().path(((dev.kiln.cache.CacheLookup.Hit) found).graph().code().object()));
                return true;
            });
            assertThat(objects).hasSize(1);
            return objects.getFirst();
        }
    }

    @Test
    void aNewProcessStartsNoCompiler() throws Exception {
        try (Kiln kiln = open()) {
            assertThat(call(kiln)).isEqualTo(EXPECTED);
            assertThat(NativeCompiler.compilerStarts()).isPositive();
        }
        Path log = folder.resolve("child.txt");
        Process child = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
            EagerOpsTest.class.getName(), folder.toString()).redirectErrorStream(true)
            .redirectOutput(log.toFile()).start();
        assertThat(child.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(log)).contains("result " + EXPECTED + ", compiles 0, loads 4, compiler starts 0");
    }

    private static final String EXPECTED = "[11.0, 9.0, 33.0, 18.0, 55.0, 27.0]";

    private static String call(Kiln kiln) {
        Tensor sum = kiln.eager().call("aten.add.Tensor", X, Y);
        return Arrays.toString(kiln.eager().call("aten.where.self", kiln.eager().call("aten.gt.Scalar", X, 0), sum,
            kiln.eager().call("aten.div.Scalar", sum, 2)).toFloatArray());
    }

    /** The child of {@link #aNewProcessStartsNoCompiler}. */
    public static void main(String[] args) {
        EagerOpsTest test = new EagerOpsTest();
        test.folder = Path.of(args[0]);
        try (Kiln kiln = test.open()) {
            System.out.println("result " + call(kiln) + ", compiles " + kiln.eager().compiles() + ", loads "
                + kiln.eager().loads() + ", compiler starts " + NativeCompiler.compilerStarts());
        }
    }

    @Test
    void manyCallersWaitForOneCompile() throws Exception {
        try (Kiln kiln = open(); ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Tensor>> calls = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                EagerOps ops = i % 2 == 0 ? kiln.eager() : kiln.eager().dynamic();
                calls.add(() -> ops.call("aten.exp.default", Tensor.ofFloats(new float[] {0, 0, 0}, 3)));
            }
            for (Future<Tensor> result : threads.invokeAll(calls)) {
                assertThat(result.get().toFloatArray()).containsExactly(1, 1, 1);
            }
            assertThat(kiln.eager().compiles()).as("one static kernel, and one dynamic at most").isBetween(1L, 2L);
            assertThat(threads.invokeAll(calls.subList(0, 1)).getFirst().get().numel()).isEqualTo(3);
        }
    }

    @Test
    void optionsArePartOfTheKey() {
        try (Kiln kiln = open()) {
            Tensor halves = Tensor.ofFloats(DType.BF16, new float[] {1, 2, 3}, 3);
            assertThat(compiles(kiln.eager(), "aten.add.Scalar", halves, 0.1)).isTrue();
            EagerOps emulating = kiln.eager(CompileOptions.defaults().withEmulatePrecisionCasts(true));
            assertThat(compiles(emulating, "aten.add.Scalar", halves, 0.1)).isTrue();
            assertThat(compiles(kiln.eager(), "aten.add.Scalar", halves, 0.1)).isFalse();
        }
    }

    @Test
    void resultsWhoseSizesComeFromDataHaveTheirSize() {
        try (Kiln kiln = open()) {
            EagerOps ops = kiln.eager();
            Tensor places = ops.call("aten.nonzero.default", Tensor.ofFloats(new float[] {0, 3, 0, 5}, 4));
            assertThat(places.shape()).containsExactly(2, 1);
            assertThat(places.toLongArray()).containsExactly(1, 3);
            Tensor none = ops.call("aten.nonzero.default", Tensor.ofFloats(new float[] {0, 0, 0, 0}, 4));
            assertThat(none.shape()).containsExactly(0, 1);
            assertThat(ops.compiles()).isEqualTo(1);
        }
    }

    @Test
    void badCallsAreNamed() {
        try (Kiln kiln = open()) {
            EagerOps ops = kiln.eager();
            assertThatThrownBy(() -> ops.call("aten.no_such.default", X)).isInstanceOf(KilnException.Unsupported.class)
                .hasMessageContaining("aten.no_such.default");
            assertThatThrownBy(() -> ops.call("aten.add.Tensor", X)).isInstanceOf(KilnException.BadInput.class)
                .hasMessageContaining("'other' is missing").hasMessageContaining("Tensor other");
            assertThatThrownBy(() -> ops.call("aten.add.Tensor", X, "y")).isInstanceOf(KilnException.BadInput.class)
                .hasMessageContaining("'other' takes Tensor");
            assertThatThrownBy(() -> ops.call("aten.add.Tensor", X, Tensor.ofFloats(new float[4], 4)))
                .isInstanceOf(KilnException.BadInput.class);
            assertThatThrownBy(() -> ops.call("aten.neg.default", new Object()))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("java.lang.Object");
            assertThat(ops.compiles()).isZero();
        }
    }
}
