package dev.kiln.stages;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.KilnException;
import java.util.Optional;

/**
 * What a user may choose about a compile; all of it but {@code debug} is part of the cache key.
 *
 * @param isa instruction set to compile for; empty is the best that this CPU has
 * @param threads workers of the thread pool
 * @param maxAutotune measure kernel candidates instead of taking the model's first choice
 * @param emulatePrecisionCasts round f16 and bf16 after each pointwise op of the user's program, as PyTorch's eager
 *     mode does; without it, fused chains stay in f32 until they are stored, which is faster and closer to the truth
 * @param seed of random ops: the same seed gives the same numbers in every run
 */
public record CompileOptions(Optional<Isa> isa, int threads, boolean maxAutotune, boolean emulatePrecisionCasts,
        long seed, Debug debug) {

    public static CompileOptions defaults() {
        return new CompileOptions(Optional.empty(), Runtime.getRuntime().availableProcessors(), true, false,
            seedFromEnvironment(), Debug.fromEnvironment());
    }

    public CompileOptions withThreads(int count) {
        return new CompileOptions(isa, count, maxAutotune, emulatePrecisionCasts, seed, debug);
    }

    public CompileOptions withIsa(Isa chosen) {
        return new CompileOptions(Optional.of(chosen), threads, maxAutotune, emulatePrecisionCasts, seed, debug);
    }

    public CompileOptions withMaxAutotune(boolean on) {
        return new CompileOptions(isa, threads, on, emulatePrecisionCasts, seed, debug);
    }

    public CompileOptions withEmulatePrecisionCasts(boolean on) {
        return new CompileOptions(isa, threads, maxAutotune, on, seed, debug);
    }

    public CompileOptions withDebug(Debug other) {
        return new CompileOptions(isa, threads, maxAutotune, emulatePrecisionCasts, seed, other);
    }

    public CompileOptions withSeed(long other) {
        return new CompileOptions(isa, threads, maxAutotune, emulatePrecisionCasts, other, debug);
    }

    private static long seedFromEnvironment() {
        String text = System.getenv("KILN_SEED");
        try {
            return text == null || text.isBlank() ? 0 : Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            throw new KilnException.BadInput("KILN_SEED must be an integer, got '" + text + "'");
        }
    }
}
