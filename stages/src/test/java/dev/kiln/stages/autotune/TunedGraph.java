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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/** Linears that are worth tuning, and candidates to add to them. */
final class TunedGraph {
    private TunedGraph() {
    }

    /** What is multiplied by which weight. */
    enum Kind { FLOATS, BF16, BYTES, INT8_WEIGHT, INT4_WEIGHT }

    /** {@code relu(x w^T + b)}, x: [rows, depth], w: [columns, depth]. */
    static Graph linear(long rows, long depth, long columns) {
        return linear(Kind.FLOATS, rows, depth, columns);
    }

    static Graph linear(Kind kind, long rows, long depth, long columns) {
        GraphBuilder b = new GraphBuilder(new ShapeEnv());
        DType dtype = kind == Kind.BYTES ? DType.U8 : kind == Kind.BF16 ? DType.BF16 : DType.F32;
        Arg.Ref x = b.placeholder("x", FakeTensor.contiguous(dtype, List.of(SymInt.of(rows), SymInt.of(depth))));
        Arg.Ref product = switch (kind) {
            case FLOATS, BF16 -> b.call("aten.linear.default", x, b.constant("w", random(dtype, columns, depth)),
                b.constant("b", random(dtype, columns)));
            case BYTES -> b.call("aten._int_mm.default", x, b.call("aten.t.default",
                b.constant("w", random(DType.I8, columns, depth))));
            case INT8_WEIGHT -> b.call("aten._weight_int8pack_mm.default", x,
                b.constant("w", random(DType.I8, columns, depth)), b.constant("s", random(dtype, columns)));
            case INT4_WEIGHT -> b.call("kiln.linear_int4.default", x, b.constant("w", random(DType.U8, columns, depth / 2)),
                32, b.constant("s", random(dtype, depth / 32, columns, 2)));
        };
        b.output("y", b.call("aten.relu.default", product));
        return b.build();
    }

    private static ConstantValue random(DType dtype, long... sizes) {
        ConstantValue value = ConstantValue.allocate(dtype, LongStream.of(sizes).boxed().toList());
        TypedValues.fill(value.data(), dtype, new Random(7));
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
