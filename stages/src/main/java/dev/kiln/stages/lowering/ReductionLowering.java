package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.schedule.Indices;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Reductions become one node over the dimensions that stay and those that are folded. */
final class ReductionLowering {
    private ReductionLowering() {
    }

    static List<Value> lower(CallLowering c) {
        Value self = c.value(0);
        TreeSet<Integer> dims = dims(c, self.rank());
        ReduceOp op = op(c.op());
        DType dtype = c.result().dtype();
        List<SymInt> kept = new ArrayList<>();
        List<SymInt> reduced = new ArrayList<>();
        List<SymInt> index = new ArrayList<>();
        for (int d = 0; d < self.rank(); d++) {
            boolean folds = dims.contains(d);
            index.add(folds ? LoopVars.reduced(reduced.size()) : LoopVars.output(kept.size()));
            (folds ? reduced : kept).add(self.sizes().get(d));
        }
        Scalar element = self.load(index);
        Scalar body = op == ReduceOp.ARGMAX || op == ReduceOp.ARGMIN ? element : element.cast(dtype);
        if (kept.size() >= 3 && ChannelsLast.suits(body, kept)) {
            return List.of(ViewLowering.reshape(c, channelsLast(c, kept, reduced, op, body), c.result().sizes()));
        }
        Buffer buffer = c.allocateResult(kept);
        c.lowering().add(new LoopNode.Reduction(buffer, kept, reduced, op, body, List.copyOf(c.origins())));
        return List.of(ViewLowering.reshape(c, GraphLowering.whole(buffer), c.result().sizes()));
    }

    /** The same with the kept dimensions in another order of memory. */
    private static Value channelsLast(CallLowering c, List<SymInt> kept, List<SymInt> reduced, ReduceOp op,
            Scalar body) {
        List<SymInt> memory = ChannelsLast.toMemory(kept);
        List<SymInt> variables = LoopVars.outputs(kept.size());
        Map<String, SymInt> renaming = new HashMap<>();
        List<SymInt> renamed = ChannelsLast.fromMemory(variables);
        for (int d = 0; d < kept.size(); d++) {
            renaming.put(variables.get(d).toString(), renamed.get(d));
        }
        Buffer buffer = c.allocateResult(memory);
        c.lowering().add(new LoopNode.Reduction(buffer, memory, reduced, op, Indices.substitute(body, renaming),
            List.copyOf(c.origins())));
        return ChannelsLast.fromMemory(GraphLowering.whole(buffer));
    }

    private static ReduceOp op(String name) {
        return switch (name) {
            case "aten.sum.dim_IntList" -> ReduceOp.SUM;
            case "aten.prod.dim_int" -> ReduceOp.PROD;
            case "aten.amax.default" -> ReduceOp.MAX;
            case "aten.amin.default" -> ReduceOp.MIN;
            case "aten.any.dims" -> ReduceOp.ANY;
            case "aten.all.dims" -> ReduceOp.ALL;
            case "aten.argmax.default" -> ReduceOp.ARGMAX;
            case "aten.argmin.default" -> ReduceOp.ARGMIN;
            default -> throw new IllegalStateException("no lowering of reduction " + name);
        };
    }

    private static TreeSet<Integer> dims(CallLowering c, int rank) {
        TreeSet<Integer> dims = new TreeSet<>();
        switch (c.call().arg(1)) {
            case Arg.Int(SymInt dim) when rank > 0 -> dims.add(c.args().wrapDim(dim.asLong(), rank));
            case Arg.Ints(List<SymInt> listed) when !listed.isEmpty() && rank > 0 ->
                listed.forEach(d -> dims.add(c.args().wrapDim(d.asLong(), rank)));
            default -> {
                for (int d = 0; d < rank; d++) {
                    dims.add(d);
                }
            }
        }
        return dims;
    }
}
