package dev.kiln.bench.gemm;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What one core of this machine does at best, measured: products in registers, in 1e9 multiplications a second, and bytes
 * read from memory, in 1e9 a second. What the CPU has no instruction for counts as the next wider type.
 *
 * @param bf16 of {@code vdpbf16ps}
 * @param int8 of {@code vpdpbusd}
 */
record Peaks(double f32, double bf16, double int8, double read) {
    private static final int ACCUMULATORS = 24;
    private static final long STEPS = 2_000_000;
    private static final long READ_BYTES = 256L << 20;
    private static final int TRIES = 7;

    private static final String SOURCE = """
        #define A(i) register v a##i __attribute__((unused)) = (v){0};
        #define S(i) __asm__ volatile(OP " %%1, %%2, %%0" : "+v"(a##i) : "v"(x), "v"(y));
        #define EACH(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) \\
          M(12) M(13) M(14) M(15) M(16) M(17) M(18) M(19) M(20) M(21) M(22) M(23)
        typedef float v __attribute__((vector_size(64)));
        #define PROBE(name) __attribute__((visibility("default"))) void name(long steps) { \\
          v x = {0}, y = {0}; EACH(A) for (long i = 0; i < steps; i++) { EACH(S) } }
        #define OP "vfmadd231ps"
        PROBE(f32)
        #undef OP
        %s
        typedef long w __attribute__((vector_size(64), aligned(64)));
        __attribute__((visibility("default"))) void read(const w* x, long blocks, w* sink) {
          w a = {0}, b = {0}, c = {0}, d = {0};
          for (long i = 0; i < blocks; i += 4) { a ^= x[i]; b ^= x[i + 1]; c ^= x[i + 2]; d ^= x[i + 3]; }
          *sink = a ^ b ^ c ^ d;
        }
        """;

    /** Probes need AVX-512; on other machines there are no shares of what is possible. */
    static Peaks measure() {
        CpuInfo cpu = CpuInfo.detect();
        if (!cpu.supports(Isa.AVX512)) {
            return new Peaks(Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        }
        boolean bf16 = cpu.features().contains("avx512_bf16");
        boolean int8 = cpu.features().contains("avx512_vnni");
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup code = SymbolLookup.libraryLookup(compiled(cpu.features()), arena);
            double f32 = rate(code, "f32", 16);
            double half = bf16 ? rate(code, "bf16", 32) : f32;
            return new Peaks(f32, half, int8 ? rate(code, "int8", 64) : half, read(code));
        }
    }

    private static Path compiled(Set<String> features) {
        StringBuilder probes = new StringBuilder();
        if (features.contains("avx512_bf16")) {
            probes.append("#define OP \"vdpbf16ps\"\nPROBE(bf16)\n#undef OP\n");
        }
        if (features.contains("avx512_vnni")) {
            probes.append("#define OP \"vpdpbusd\"\nPROBE(int8)\n#undef OP\n");
        }
        CpuTarget base = CpuTarget.of(Isa.AVX512);
        List<String> flags = new ArrayList<>(base.features());
        flags.addAll(List.of("-mavx512bf16", "-mavx512vnni"));
        byte[] object = NativeCompiler.shared().compileAll(
            List.of(new CompileUnit("peaks", SOURCE.formatted(probes))),
            new CpuTarget(base.triple(), base.isa(), flags), Deadline.none());
        try {
            Path file = Files.createTempFile("kiln-peaks", ".so");
            file.toFile().deleteOnExit();
            return Files.write(file, object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double rate(SymbolLookup code, String name, int products) {
        MethodHandle probe = function(code, name, FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
        double best = Double.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            best = Math.min(best, seconds(() -> {
                probe.invokeExact(STEPS);
            }));
        }
        return STEPS * ACCUMULATORS * products / best / 1e9;
    }

    private static double read(SymbolLookup code) {
        MethodHandle probe = function(code, "read", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
        MemorySegment memory = Tensor.allocate(DType.U8, READ_BYTES).data().fill((byte) 1);
        MemorySegment sink = Tensor.allocate(DType.U8, 64).data();
        double best = Double.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            best = Math.min(best, seconds(() -> {
                probe.invokeExact(memory, READ_BYTES / 64, sink);
            }));
        }
        return READ_BYTES / best / 1e9;
    }

    private static MethodHandle function(SymbolLookup code, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(code.find(name).orElseThrow(), type);
    }

    private interface Call {
        void run() throws Throwable;
    }

    private static double seconds(Call call) {
        try {
            long from = System.nanoTime();
            call.run();
            return (System.nanoTime() - from) / 1e9;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private double rate(Problem.Arithmetic arithmetic) {
        return switch (arithmetic) {
            case F32 -> f32;
            case BF16 -> bf16;
            case INT8 -> int8;
        };
    }

    /** Milliseconds that one core takes at least. */
    double floorMillis(Problem problem) {
        return 1e-6 * Math.max(problem.products() / rate(problem.arithmetic()), problem.coldBytes() / read);
    }
}
