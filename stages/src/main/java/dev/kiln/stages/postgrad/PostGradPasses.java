package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.pass.PassRunner;
import java.util.List;

/** The post-grad phase: the plan below, top to bottom. */
public final class PostGradPasses {
    private static final List<Pass> PLAN = List.of(
        new SeedRandomOps(),
        new DecomposeComplex(),
        new EliminateDeadCode(),
        new RemoveNoOps(),
        new FuseQuantizedLinears(),
        new FoldConstants(),
        new EliminateCommonSubexpressions(),
        new FuseAttention(),
        new MergeParallelLinears(),
        new Decompose(),
        new RemoveNoOps(),
        new FoldConstants(),
        new ChangePrecision(),
        new EliminateCommonSubexpressions(),
        new EliminateDeadCode());

    private static final PassRunner RUNNER = new PassRunner(PLAN);

    private PostGradPasses() {
    }

    public static Graph run(Graph graph, PassContext context) {
        return RUNNER.run(graph, context);
    }

    /** The plan's names in order; part of the cache key. */
    public static List<String> names() {
        return RUNNER.names();
    }
}
