package dev.kiln.stages.autotune;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.CodegenPhase;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.PostGradDone;
import dev.kiln.stages.postgrad.PostGradPasses;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/** Linears that are worth tuning, and candidates to add to them. */
final class TunedGraph {
    private TunedGraph() {
    }

    /** {@code relu(x w^T + b)}, x: [rows, depth], w: [columns, depth]. */
    static Graph linear(long rows, long depth, long columns) {
        GraphBuilder b = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = b.placeholder("x", FakeTensor.contiguous(DType.F32, List.of(SymInt.of(rows), SymInt.of(depth))));
        Arg.Ref product = b.call("aten.linear.default", x, b.constant("w", random(columns, depth)),
            b.constant("b", random(columns)));
        b.output("y", b.call("aten.relu.default", product));
        return b.build();
    }

    private static ConstantValue random(long... sizes) {
        ConstantValue value = ConstantValue.allocate(DType.F32, LongStream.of(sizes).boxed().toList());
        SplittableRandom random = new SplittableRandom(7);
        for (long i = 0; i < value.numel(); i++) {
            value.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble() - 0.5f);
        }
        return value;
    }

    static GeneratedCode generate(Graph graph, CompileOptions options, Environment environment) {
        Decisions decisions = new Decisions();
        Graph simple = PostGradPasses.run(graph, new PassContext(options, decisions));
        return CodegenPhase.run(new PostGradDone(simple), options, environment, decisions);
    }

    /** The kernel that has a choice. */
    static Kernel tuned(GeneratedCode code) {
        return code.kernels().stream().filter(k -> k.tuning().isPresent()).findFirst().orElseThrow();
    }

    /** The code with further variants of its tuned kernel, expected to be better than all there are. */
    static GeneratedCode with(GeneratedCode code, List<Variant> more) {
        Kernel tuned = tuned(code);
        List<Variant> all = new ArrayList<>(more);
        all.addAll(tuned.variants());
        return new GeneratedCode(code.schedule(), code.kernels().stream().map(k -> k == tuned ? k.with(all) : k).toList(),
            code.launches(), code.symbols());
    }

    /** A variant that does what the C statements say instead of its work. */
    static Variant doing(String label, String statements) {
        String function = "candidate_" + label;
        return new Variant(label, function, "KILN_HIDDEN void launch_" + function + "(const kiln_args* args) {\n"
            + statements + "\n}\n", Set.of(), Optional.empty(), List.of());
    }
}
