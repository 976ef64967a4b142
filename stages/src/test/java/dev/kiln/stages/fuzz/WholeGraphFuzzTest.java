package dev.kiln.stages.fuzz;

import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.oracle.TorchGraph;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random graphs, compiled and compared. {@code -Dkiln.fuzz.seed} and {@code -Dkiln.fuzz.graphs} choose
 * which; a failing graph is made small before it is shown.
 */
class WholeGraphFuzzTest {
    private static final long SEED = Long.getLong("kiln.fuzz.seed", 1);
    private static final int GRAPHS = Integer.getInteger("kiln.fuzz.graphs", 75);
    private static final int NIGHTLY_GRAPHS = Integer.getInteger("kiln.fuzz.graphs", 4000);

    @Test
    void compiledGraphsAgreeWithTheInterpreter() {
        fuzz(SEED, GRAPHS, Effort.FAST);
    }

    @Test
    @Tag("nightly")
    void thousandsOfCompiledGraphsAgreeWithTheInterpreter() {
        fuzz(SEED + 1_000_000, NIGHTLY_GRAPHS, Effort.FULL);
    }

    private static void fuzz(long first, int count, Effort effort) {
        new Fuzz(RandomGraph::of, p -> Interpreter.run(p.graph(), p.inputs()), effort).run(first, count);
    }

    /** Sorting, scans and writes by index among the rest, and libtorch in the interpreter's place. */
    @Test
    void compiledGraphsAgreeWithLibtorch() {
        new Fuzz(RandomGraph::ordered, TorchGraph::run, Effort.FAST).run(SEED, GRAPHS);
    }

    @Test
    @Tag("nightly")
    void thousandsOfCompiledGraphsAgreeWithLibtorch() {
        new Fuzz(RandomGraph::ordered, TorchGraph::run, Effort.FULL).run(SEED + 2_000_000, NIGHTLY_GRAPHS);
    }
}
