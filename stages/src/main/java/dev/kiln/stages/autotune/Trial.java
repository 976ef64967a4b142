package dev.kiln.stages.autotune;

import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Memory to try the candidates of one kernel on: the same random inputs for all, weights packed as each wants. */
final class Trial {
    private static final long SEED = 12345;
    /** Symbols in the check are this at most: large enough for every tail, small enough for plain loops. */
    private static final long CHECK_SIZE = 11;
    /** Bytes; not a divisor of any likely row. */
    private static final long BLOCK = 4 * 10007;
    /** Four of these are a NaN that no kernel computes: elements that a reference leaves out are not compared. */
    private static final byte UNWRITTEN = -1;
    private static final float TOLERANCE = 1e-4f;

    private final Kernel.Tuning tuning;
    private final ShapeEnv shapes;
    private final Arena arena;
    private final MemorySegment[] arguments;
    private final Map<PackedWeight, MemorySegment> packed = new HashMap<>();

    Trial(Kernel.Tuning tuning, ShapeEnv shapes, Arena arena) {
        this.tuning = tuning;
        this.shapes = shapes;
        this.arena = arena;
        Random random = new Random(SEED);
        arguments = new MemorySegment[tuning.arguments().size()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = arena.allocate(Math.max(64, shapes.hint(tuning.arguments().get(i))), 64);
            fill(arguments[i], random);
        }
    }

    /** Random values in the first block, copies of it behind. */
    private static void fill(MemorySegment data, Random random) {
        long block = Math.min(BLOCK, data.byteSize());
        for (long i = 0; i < block / 4; i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        for (long at = block; at < data.byteSize(); at += block) {
            MemorySegment.copy(data, 0, data, at, Math.min(block, data.byteSize() - at));
        }
    }

    long[] hints() {
        return shapes.symbols().stream().mapToLong(ShapeEnv.Symbol::hint).toArray();
    }

    private long[] checkSizes() {
        return shapes.symbols().stream()
            .mapToLong(s -> Math.min(s.hint(), Math.max(s.min(), CHECK_SIZE))).toArray();
    }

    /** The candidate's arguments: the shared ones, with the weight in its packing. */
    MemorySegment[] arguments(Candidate candidate) {
        MemorySegment[] own = arguments.clone();
        MemorySegment weight = arguments[tuning.weightArgument()];
        PackedWeight.Order order = tuning.weightTransposed() ? PackedWeight.Order.NK : PackedWeight.Order.KN;
        candidate.variant().packing().ifPresent(p -> own[tuning.weightArgument()] =
            packed.computeIfAbsent(p, q -> q.pack(weight, order, arena)));
        return own;
    }

    /** Runs at small sizes and returns what was written, as floats. */
    float[] check(TuningLibrary library, Candidate candidate) {
        MemorySegment[] own = arguments(candidate);
        long[] sizes = checkSizes();
        for (int output : tuning.outputs()) {
            own[output].fill(UNWRITTEN);
        }
        library.run(candidate, sizes, own);
        int total = tuning.outputs().stream().mapToInt(o -> floats(o, sizes)).sum();
        float[] written = new float[total];
        int at = 0;
        for (int output : tuning.outputs()) {
            MemorySegment.copy(own[output], ValueLayout.JAVA_FLOAT, 0, written, at, floats(output, sizes));
            at += floats(output, sizes);
        }
        return written;
    }

    private int floats(int argument, long[] sizes) {
        SymInt bytes = tuning.arguments().get(argument);
        List<ShapeEnv.Symbol> symbols = shapes.symbols();
        long count = bytes.evaluate(name -> {
            for (int i = 0; i < symbols.size(); i++) {
                if (symbols.get(i).name().equals(name)) {
                    return sizes[i];
                }
            }
            return null;
        });
        return (int) Math.max(0, count / 4);
    }

    /** Whether a candidate's result is the reference's, up to rounding. */
    boolean agrees(float[] reference, float[] result) {
        for (int i = 0; i < reference.length; i++) {
            if (Float.floatToRawIntBits(reference[i]) == -1) {
                continue;
            }
            double scale = Math.sqrt(tuning.depth()) + Math.abs(reference[i]);
            if (!(Math.abs(reference[i] - result[i]) <= TOLERANCE * scale)
                    && Float.compare(reference[i], result[i]) != 0) {
                return false;
            }
        }
        return true;
    }
}
