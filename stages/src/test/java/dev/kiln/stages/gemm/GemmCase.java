package dev.kiln.stages.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import dev.kiln.stages.codegen.GraphRunner.Setup;
import dev.kiln.stages.oracle.TorchGraph;
import dev.kiln.stages.gemm.GemmNet.Form;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * A graph around matrix products, for Kiln and for libtorch. What is of half precision is compared with libtorch's f32 on
 * the same values: libtorch itself rounds after each op, fused kernels do not.
 *
 * @param body makes the graph, and gives its outputs
 * @param oracle another graph of the same values for libtorch, where it has no such op
 * @param dynamic whether it is compiled with open rows too
 */
record GemmCase(String name, DType dtype, Function<GemmNet, List<Arg.Ref>> body,
        Optional<Function<GemmNet, List<Arg.Ref>>> oracle, boolean dynamic) {

    /** With fixed sizes and with open rows. */
    static GemmCase of(String name, DType dtype, Function<GemmNet, Arg.Ref> body) {
        return new GemmCase(name, dtype, n -> List.of(body.apply(n)), Optional.empty(), true);
    }

    static GemmCase several(String name, DType dtype, Function<GemmNet, List<Arg.Ref>> body) {
        return new GemmCase(name, dtype, body, Optional.empty(), true);
    }

    GemmCase fixed() {
        return new GemmCase(name, dtype, body, oracle, false);
    }

    /** The same where weights are inputs. */
    GemmCase ofTensors() {
        return new GemmCase(name + ", weights as inputs", dtype, n -> body.apply(n.weightsAsInputs()),
            oracle.map(o -> n -> o.apply(n.weightsAsInputs())), dynamic);
    }

    GemmCase against(Function<GemmNet, Arg.Ref> other) {
        return new GemmCase(name, dtype, body, Optional.of(n -> List.of(other.apply(n))), dynamic);
    }

    private long seed() {
        return 12345 + name.hashCode();
    }

    private Program program(Form form) {
        GemmNet net = new GemmNet(seed(), dtype, form);
        return net.program((form == Form.EXACT ? oracle.orElse(body) : body).apply(net));
    }

    /** One test a case: in each way, with fixed sizes and with open ones. What makes one batch is compiled together. */
    static Stream<DynamicTest> tests(List<GemmCase> cases, Setup... setups) {
        List<DynamicTest> tests = new ArrayList<>();
        for (int from = 0, to = 0; from < cases.size(); from = to) {
            int programs = 0;
            while (to < cases.size() && programs + cases.get(to).forms().size() <= GraphRunner.BATCH) {
                programs += cases.get(to++).forms().size();
            }
            Group group = new Group(cases.subList(from, to), List.of(setups));
            group.cases.forEach(c -> tests.add(dynamicTest(c.toString(), () -> group.verify(c))));
        }
        return tests.stream();
    }

    private List<Form> forms() {
        return dynamic ? List.of(Form.FIXED, Form.OPEN) : List.of(Form.FIXED);
    }

    private record Run(Setup setup, Form form, Supplier<Map<String, ConstantValue>> result) {
    }

    /** Cases that are compiled together. */
    private static final class Group {
        private final List<GemmCase> cases;
        private final List<Setup> setups;
        private final Map<GemmCase, List<Run>> runs = new IdentityHashMap<>();

        Group(List<GemmCase> cases, List<Setup> setups) {
            this.cases = cases;
            this.setups = setups;
        }

        void verify(GemmCase own) {
            prepare();
            Map<String, ConstantValue> expected = TorchGraph.run(own.program(Form.EXACT));
            assertThat(runs.get(own)).isNotEmpty().allSatisfy(run -> assertThat(own.mismatch(expected, run.result()))
                .as("%s, %s rows, %s", own, run.form(), run.setup()).isEmpty());
        }

        private synchronized void prepare() {
            for (Setup setup : runs.isEmpty() ? setups : List.<Setup>of()) {
                List<Program> programs = new ArrayList<>();
                List<Consumer<Supplier<Map<String, ConstantValue>>>> takers = new ArrayList<>();
                for (GemmCase c : cases) {
                    for (Form form : c.forms()) {
                        programs.add(c.program(form));
                        takers.add(r -> runs.computeIfAbsent(c, x -> new ArrayList<>()).add(new Run(setup, form, r)));
                    }
                }
                List<Supplier<Map<String, ConstantValue>>> results = new GraphRunner(setup).prepare(programs);
                for (int i = 0; i < takers.size(); i++) {
                    takers.get(i).accept(results.get(i));
                }
            }
        }
    }

    private Optional<String> mismatch(Map<String, ConstantValue> expected,
            Supplier<Map<String, ConstantValue>> result) {
        Map<String, ConstantValue> actual;
        try {
            actual = result.get();
        } catch (RuntimeException e) {
            return Optional.of("Kiln fails: " + e);
        }
        return expected.entrySet().stream().map(e -> mismatch(e.getKey(), e.getValue(), actual.get(e.getKey())))
            .flatMap(Optional::stream).findFirst();
    }

    private Optional<String> mismatch(String output, ConstantValue expected, ConstantValue actual) {
        if (!expected.sizes().equals(actual.sizes())) {
            return Optional.of(output + " is " + actual.sizes() + ", not " + expected.sizes());
        }
        double tolerance = Math.max(tolerance(actual.dtype()), actual.dtype().isFloating() ? tolerance(dtype) : 0);
        for (long i = 0; i < expected.numel(); i++) {
            double a = value(expected, i);
            double b = value(actual, i);
            if (!(Math.abs(a - b) <= tolerance + tolerance * Math.abs(a)) && a != b) {
                return Optional.of(output + " at " + i + " is " + b + ", not " + a);
            }
        }
        return Optional.empty();
    }

    /** Absolute and relative. */
    private static double tolerance(DType dtype) {
        return switch (dtype) {
            case F32 -> 1e-4;
            case BF16, F16 -> 1e-2;
            default -> 0;
        };
    }

    private static double value(ConstantValue tensor, long index) {
        return tensor.dtype().isFloating() ? tensor.doubleAt(index) : tensor.longAt(index);
    }

    @Override
    public String toString() {
        return name + " of " + dtype;
    }
}
