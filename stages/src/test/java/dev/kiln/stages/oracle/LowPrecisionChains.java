package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Random programs of pointwise ops on bf16, f16 and f32, with casts between them; and libtorch's eager mode. */
final class LowPrecisionChains {
    /** More than one vector of every width, with a rest. */
    static final long ELEMENTS = 203;
    private static final List<DType> FLOATS = List.of(DType.BF16, DType.F16, DType.F32);
    /** Not rsqrt: libtorch rounds twice in what is left after the last whole vector, and only there. */
    private static final List<String> UNARY = List.of("neg", "abs", "sqrt", "floor", "ceil", "round", "trunc",
        "square", "frac");
    private static final List<String> BINARY = List.of("add.Tensor", "sub.Tensor", "mul.Tensor");
    /** What tells 0 from -0, and what leaves open which of them is the larger: never in one program. */
    private static final List<List<String>> SIGNED = List.of(List.of("reciprocal"), List.of("relu", "relu6"));
    private static final List<List<String>> SIGNED_BINARY = List.of(List.of("div.Tensor"),
        List.of("maximum.default", "minimum.default"));
    private static final List<String> NUMBER = List.of("add.Scalar", "sub.Scalar", "mul.Scalar", "div.Scalar",
        "rsub.Scalar");
    private static final double[] NUMBERS = {0.1, -0.7, 1.3, 3, 1e-3, 1000.5};

    private final Random random;
    private final boolean zerosAreEqual;
    private final GraphBuilder builder = new GraphBuilder(new ShapeEnv());
    private final List<Arg.Ref> values = new ArrayList<>();

    private LowPrecisionChains(long seed) {
        zerosAreEqual = zerosAreEqual(seed);
        random = new Random(seed * 0x9E3779B97F4A7C15L);
    }

    /** Whether zeros of either sign are the same to a program. */
    static boolean zerosAreEqual(long seed) {
        return seed % 2 == 0;
    }

    /** A program of 4 to 20 calls whose last results are outputs. */
    static Graph program(long seed) {
        LowPrecisionChains chain = new LowPrecisionChains(seed);
        for (DType dtype : FLOATS) {
            chain.values.add(chain.builder.placeholder("x_" + dtype, FakeTensor.contiguous(dtype, ELEMENTS)));
        }
        int calls = 4 + chain.random.nextInt(17);
        for (int i = 0; i < calls; i++) {
            chain.values.add(chain.step());
        }
        chain.builder.output("y", chain.values.getLast());
        chain.builder.output("z", chain.values.get(chain.values.size() - 2));
        return chain.builder.build();
    }

    private Arg.Ref step() {
        Arg.Ref x = value();
        return switch (random.nextInt(8)) {
            case 0, 1 -> call(pick(UNARY, SIGNED) + ".default", x);
            case 2, 3 -> call(pick(BINARY, SIGNED_BINARY), x, value());
            case 4, 5 -> call(pick(NUMBER), x, NUMBERS[random.nextInt(NUMBERS.length)]);
            case 6 -> call("where.self", call(pick(List.of("lt.Tensor", "ge.Tensor", "eq.Tensor")), x, value()), x,
                call("neg.default", x));
            default -> call("_to_copy.default", x, pick(FLOATS));
        };
    }

    private Arg.Ref call(String overload, Object... args) {
        return builder.call("aten." + overload, args);
    }

    /** Later values are likelier, so that chains get long. */
    private Arg.Ref value() {
        int count = values.size();
        return values.get(count - 1 - Math.min(random.nextInt(count), random.nextInt(count)));
    }

    private String pick(List<String> common, List<List<String>> bySign) {
        List<String> all = new ArrayList<>(common);
        all.addAll(bySign.get(zerosAreEqual ? 1 : 0));
        return pick(all);
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** Mostly of moderate size; some infinities, zeros of both signs and tiny numbers. */
    static Map<String, ConstantValue> inputs(Graph graph, long seed) {
        Random random = new Random(seed);
        double[] special = {0, -0.0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e-7, -3e-8, 65000};
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        for (Node.Placeholder p : graph.placeholders()) {
            ConstantValue value = ConstantValue.allocate(p.tensor().dtype(), List.of(ELEMENTS));
            for (long i = 0; i < ELEMENTS; i++) {
                value.set(i, random.nextInt(12) == 0 ? special[random.nextInt(special.length)]
                    : random.nextGaussian() * 4);
            }
            inputs.put(p.source(), value);
        }
        return inputs;
    }

    /** What libtorch gives, one call after the other. */
    static Map<String, ConstantValue> eager(Graph graph, Map<String, ConstantValue> inputs) {
        return TorchGraph.run(new Program(graph, inputs));
    }
}
