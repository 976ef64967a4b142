package dev.kiln.stages.fuzz;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A graph under construction by random {@link Steps}. Values that went through arithmetic are inexact:
 * whatever jumps (comparisons, places of extremes) is fed by exact values only, so that rounding cannot
 * change a result by much.
 */
final class RandomGraph {
    static final long MAX_NUMEL = 4000;
    private static final double SYMBOLIC = 0.35;
    /** One in so many graphs without symbols has a size of 0. */
    private static final int EMPTY = 10;
    /** Few sizes, so that shapes fit each other. */
    private static final int SIZES = 3;
    private static final int[] RANKS = {0, 1, 2, 2, 2, 3, 3};

    final Random random;
    /** Whether steps are drawn from all kinds and all sizes are known; else sizes may be symbols. */
    final boolean ordered;
    final GraphBuilder builder = new GraphBuilder(new ShapeEnv());
    final List<SymInt> dims = new ArrayList<>();
    private final List<Arg.Ref> pool = new ArrayList<>();
    private final Set<Arg.Ref> exact = new HashSet<>();

    private RandomGraph(long seed, boolean ordered) {
        this.ordered = ordered;
        random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
    }

    /** The graph of a seed: 5 to 40 calls, every result that nothing reads is an output, and some others. */
    static Graph of(long seed) {
        return of(seed, false);
    }

    /** With sorting, scans and writes by index among the calls. */
    static Graph ordered(long seed) {
        return of(seed, true);
    }

    private static Graph of(long seed, boolean ordered) {
        RandomGraph graph = new RandomGraph(seed, ordered);
        graph.inputs();
        int wanted = 5 + graph.random.nextInt(ordered ? 56 : 36);
        for (int tries = 0; graph.calls() < wanted && tries < 20 * wanted; tries++) {
            graph.step();
        }
        return graph.finish();
    }

    private void inputs() {
        if (!ordered && random.nextDouble() < SYMBOLIC) {
            for (int i = random.nextInt(2); i >= 0; i--) {
                dims.add(builder.shapes().define(
                    new ShapeEnv.Symbol("s" + i, random.nextInt(3), 64, 3 + random.nextInt(6))));
            }
        }
        int symbols = dims.size();
        List<Long> sizes = new ArrayList<>(List.of(1L, 2L, 3L, 4L, 5L, 8L, 17L, 32L));
        Collections.shuffle(sizes, random);
        sizes.subList(0, SIZES).forEach(size -> dims.add(SymInt.of(size)));
        if (ordered && random.nextInt(EMPTY) == 0) {
            dims.add(SymInt.ZERO);
        }
        for (int i = 0; i < Math.max(2, symbols); i++) {
            List<SymInt> shape = new ArrayList<>(i < symbols ? dims.subList(i, i + 1) : List.of());
            for (int d = RANKS[random.nextInt(RANKS.length)]; d > 0; d--) {
                shape.add(random.nextInt(shape.size() + 1), pick(dims));
            }
            placeholder("x" + i, DType.F32, shape);
        }
        if (random.nextBoolean()) {
            placeholder("n", DType.I64, List.of(pick(dims), pick(dims)));
        }
    }

    private void placeholder(String name, DType dtype, List<SymInt> sizes) {
        FakeTensor dense = FakeTensor.contiguous(dtype, sizes);
        FakeTensor tensor = random.nextInt(4) > 0 || sizes.isEmpty() ? dense : dense.view(sizes,
            dense.strides().stream().map(s -> s.times(2)).toList(), SymInt.of(random.nextInt(3)));
        add(builder.placeholder(name, tensor), true);
    }

    private void step() {
        try {
            Steps.take(this);
        } catch (RuntimeException e) {
            // The step does not fit the values that it drew; another one will.
        }
    }

    private int calls() {
        return builder.build().calls().size();
    }

    /** Makes a value available to later steps, unless it is too large. */
    Arg.Ref add(Arg.Ref ref, boolean isExact) {
        if (builder.shapes().hint(builder.tensor(ref).numel()) <= MAX_NUMEL) {
            pool.add(ref);
            if (isExact) {
                exact.add(ref);
            }
        }
        return ref;
    }

    /** A call whose result is as exact as its tensors are, if the op keeps exactness. */
    Arg.Ref call(boolean keepsExact, String op, Object... args) {
        Arg.Ref ref = builder.call(op, args);
        boolean allExact = ((Node.Call) builder.node(ref)).inputs().stream()
            .allMatch(r -> exact.contains(r) || builder.node(r) instanceof Node.Constant);
        return add(ref, keepsExact && allExact);
    }

    boolean isExact(Arg.Ref ref) {
        return exact.contains(ref);
    }

    FakeTensor tensor(Arg.Ref ref) {
        return builder.tensor(ref);
    }

    <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** Some value that fits; later ones are likelier. Throws if there is none. */
    Arg.Ref value(Predicate<FakeTensor> fits) {
        List<Arg.Ref> fitting = pool.stream().filter(r -> fits.test(tensor(r))).toList();
        int back = Math.min(random.nextInt(fitting.size()), random.nextInt(fitting.size()));
        return fitting.get(fitting.size() - 1 - back);
    }

    Arg.Ref floats(int minRank) {
        return value(t -> t.dtype() == DType.F32 && t.rank() >= minRank);
    }

    Arg.Ref constant(DType dtype, long... sizes) {
        List<Long> list = java.util.Arrays.stream(sizes).boxed().toList();
        ConstantValue value = random(random, dtype, list, 0.5);
        return builder.constant("c", value);
    }

    static ConstantValue random(Random random, DType dtype, List<Long> sizes, double scale) {
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        for (long i = 0; i < value.numel(); i++) {
            if (dtype.isFloating()) {
                value.set(i, random.nextGaussian() * scale);
            } else {
                value.set(i, (long) random.nextInt(-3, 4));
            }
        }
        return value;
    }

    private Graph finish() {
        Graph graph = builder.build();
        Set<String> read = graph.users().keySet();
        int number = 0;
        for (Node.Call call : graph.calls()) {
            if (!read.contains(call.name()) || random.nextInt(10) == 0) {
                builder.output("out" + number++, Arg.ref(call.name()));
            }
        }
        return builder.build();
    }

    /** Inputs of a graph at given values of its symbols. */
    static Map<String, ConstantValue> inputs(Graph graph, Map<String, Long> symbols, long seed) {
        Random random = new Random(seed);
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        for (Node.Placeholder p : graph.placeholders()) {
            List<Long> sizes = p.tensor().sizes().stream().map(s -> s.evaluate(symbols::get)).toList();
            inputs.put(p.source(), random(random, p.tensor().dtype(), sizes, 1));
        }
        return inputs;
    }
}
