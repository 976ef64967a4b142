package dev.kiln.stages;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.KilnException;
import java.util.Optional;

/**
 * What a user may choose about a compile; all of it but {@code debug} is part of the cache key.
 *
 * @param isa instruction set to compile for; empty is the best that this CPU has
 * @param threads workers of the thread pool
 * @param autotune whether kernel candidates are measured, and how many
 * @param emulatePrecisionCasts round f16 and bf16 after each pointwise op of the user's program, as PyTorch's eager
 *     mode does; without it, fused chains stay in f32 until they are stored, which is faster and closer to the truth
 * @param seed of random ops: the same seed gives the same numbers in every run
 * @param precision of products with constant f32 weights
 */
public record CompileOptions(Optional<Isa> isa, int threads, Autotune autotune, boolean emulatePrecisionCasts,
        long seed, Precision precision, Debug debug) {

    /** Which candidates of a kernel are measured. */
    public enum Autotune {
        /** None: the model's first choice is taken. */
        OFF,
        /** The few that the model expects most of, within milliseconds. */
        LIKELY,
        /** Several blockings of every register block, and every library. */
        MAX
    }

    public static CompileOptions defaults() {
        return new CompileOptions(Optional.empty(), Runtime.getRuntime().availableProcessors(), Autotune.LIKELY, false,
            seedFromEnvironment(), Precision.FP32, Debug.fromEnvironment());
    }

    public CompileOptions withThreads(int count) {
        return new CompileOptions(isa, count, autotune, emulatePrecisionCasts, seed, precision, debug);
    }

    public CompileOptions withIsa(Isa chosen) {
        return new CompileOptions(Optional.of(chosen), threads, autotune, emulatePrecisionCasts, seed, precision, debug);
    }

    public CompileOptions withAutotune(Autotune how) {
        return new CompileOptions(isa, threads, how, emulatePrecisionCasts, seed, precision, debug);
    }

    /** @param on many candidates of each kernel are measured; false takes the model's first choice unmeasured */
    public CompileOptions withMaxAutotune(boolean on) {
        return withAutotune(on ? Autotune.MAX : Autotune.OFF);
    }

    public CompileOptions withEmulatePrecisionCasts(boolean on) {
        return new CompileOptions(isa, threads, autotune, on, seed, precision, debug);
    }

    public CompileOptions withDebug(Debug other) {
        return new CompileOptions(isa, threads, autotune, emulatePrecisionCasts, seed, precision, other);
    }

    public CompileOptions withSeed(long other) {
        return new CompileOptions(isa, threads, autotune, emulatePrecisionCasts, other, precision, debug);
    }

    public CompileOptions withPrecision(Precision other) {
        return new CompileOptions(isa, threads, autotune, emulatePrecisionCasts, seed, other, debug);
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
