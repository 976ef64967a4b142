package dev.kiln.stages.autotune;

import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * One kernel's candidates on memory of their own: the same random operands for all, weights packed as each wants.
 */
final class Trial implements AutoCloseable {
    private static final long SEED = 12345;
    /** Symbols in the check are this at most: large enough for every tail, small enough for plain loops. */
    private static final long CHECK_SIZE = 11;
    /** The reference is plain loops. */
    private static final int PATIENCE = 30;

    private final Kernel.Tuning tuning;
    private final ShapeEnv shapes;
    private final TrialRunner runner;
    private final Duration deadline;
    private final TrialMemory memory;
    private final Map<PackedWeight, Integer> packed = new HashMap<>();
    private byte[][] expected;

    Trial(Kernel.Tuning tuning, ShapeEnv shapes, List<Candidate> candidates, TrialRunner runner, Path folder,
            Duration deadline) {
        this.tuning = tuning;
        this.shapes = shapes;
        this.runner = runner;
        this.deadline = deadline;
        this.memory = allocate(candidates, folder);
        Random random = new Random(SEED);
        for (int i = 0; i < tuning.arguments().size(); i++) {
            TypedValues.fill(memory.segment(i), tuning.arguments().get(i).dtype(), random);
        }
        MemorySegment weight = memory.segment(tuning.weightArgument());
        PackedWeight.Order order = tuning.weightTransposed() ? PackedWeight.Order.NK : PackedWeight.Order.KN;
        packed.forEach((packing, span) -> packing.pack(weight, order, memory.segment(span)));
        runner.memory(memory.file(), memory.spans());
    }

    private TrialMemory allocate(List<Candidate> candidates, Path folder) {
        List<Long> bytes = new ArrayList<>();
        List<Boolean> written = new ArrayList<>();
        for (Kernel.Argument argument : tuning.arguments()) {
            bytes.add(Math.max(64, shapes.hint(argument.bytes())));
            written.add(argument.written());
        }
        Set<PackedWeight> packings = new LinkedHashSet<>();
        candidates.forEach(c -> c.variant().packing().ifPresent(packings::add));
        for (PackedWeight packing : packings) {
            packed.put(packing, bytes.size());
            bytes.add(packing.bytes());
            written.add(false);
        }
        return new TrialMemory(folder, bytes, written);
    }

    /** Computes what the candidates are compared with. */
    void expect(Candidate reference) throws CandidateFailure {
        expected = results(reference, deadline.multipliedBy(PATIENCE));
    }

    /** Compares a candidate's results with the reference's, at small sizes. */
    void check(Candidate candidate) throws CandidateFailure {
        for (String function : candidate.variant().externs()) {
            if (runner.missing().contains(function)) {
                throw new CandidateFailure("library function " + function + " is not available");
            }
        }
        byte[][] results = results(candidate, deadline);
        boolean coarse = tuning.operands().stream().anyMatch(o -> o.dtype().bytes() < Float.BYTES);
        for (int i = 0, output = 0; i < tuning.arguments().size(); i++) {
            Kernel.Argument argument = tuning.arguments().get(i);
            if (argument.written()) {
                MemorySegment wanted = MemorySegment.ofArray(expected[output]);
                MemorySegment got = MemorySegment.ofArray(results[output++]);
                long count = got.byteSize() / argument.dtype().bytes();
                long at = TypedValues.firstDifference(wanted, got, argument.dtype(), count, tuning.depth(), coarse);
                if (at >= 0) {
                    throw new CandidateFailure("computes a wrong result at element " + at + " of " + count);
                }
            }
        }
    }

    private byte[][] results(Candidate candidate, Duration limit) throws CandidateFailure {
        long[] sizes = checkSizes();
        List<byte[]> results = new ArrayList<>();
        eachOutput((argument, span) -> TypedValues.markUnwritten(memory.segment(span)));
        runner.run(candidate.number(), sizes, spans(candidate), TrialRunner.NO_FLUSH, 1, limit);
        eachOutput((argument, span) -> {
            byte[] copy = new byte[Math.toIntExact(bytes(argument, sizes))];
            MemorySegment.copy(memory.segment(span), 0, MemorySegment.ofArray(copy), 0, copy.length);
            results.add(copy);
        });
        return results.toArray(byte[][]::new);
    }

    private interface OutputAction {
        void apply(Kernel.Argument argument, int span);
    }

    private void eachOutput(OutputAction action) {
        for (int i = 0; i < tuning.arguments().size(); i++) {
            if (tuning.arguments().get(i).written()) {
                action.apply(tuning.arguments().get(i), i);
            }
        }
    }

    private long bytes(Kernel.Argument argument, long[] sizes) {
        List<String> names = shapes.symbols().stream().map(ShapeEnv.Symbol::name).toList();
        SymInt bytes = argument.bytes();
        return Math.max(0, bytes.evaluate(name -> names.contains(name) ? sizes[names.indexOf(name)] : null));
    }

    private long[] checkSizes() {
        return shapes.symbols().stream()
            .mapToLong(s -> Math.min(s.hint(), Math.max(s.min(), CHECK_SIZE))).toArray();
    }

    /**
     * Runs a candidate at the size hints.
     *
     * @param cold the weight is not in the caches when a run begins
     * @return milliseconds of the fastest run
     */
    double time(Candidate candidate, boolean cold, int runs) throws CandidateFailure {
        long[] hints = shapes.symbols().stream().mapToLong(ShapeEnv.Symbol::hint).toArray();
        int[] spans = spans(candidate);
        int flushed = cold ? spans[tuning.weightArgument()] : TrialRunner.NO_FLUSH;
        long[] nanos = runner.run(candidate.number(), hints, spans, flushed, runs, deadline);
        return LongStream.of(nanos).min().orElseThrow() / 1e6;
    }

    private int[] spans(Candidate candidate) {
        int[] spans = new int[tuning.arguments().size()];
        for (int i = 0; i < spans.length; i++) {
            spans[i] = i;
        }
        candidate.variant().packing().ifPresent(p -> spans[tuning.weightArgument()] = packed.get(p));
        return spans;
    }

    @Override
    public void close() {
        memory.close();
    }
}
