package dev.kiln.stages.schedule;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import dev.kiln.stages.lowering.LoopVars;
import dev.kiln.stages.lowering.ReduceOp;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Splits long reductions with few results in two: parts of the first reduced dimension side by side, or rows, then the
 * parts.
 * Rows are what threads share, so without it a sum of everything runs on one thread. The parts depend on sizes only, so
 * results are the same for any number of threads; partial sums also round less than one long one.
 */
final class SplitReductions {
    private static final long PARTS = 64;
    private static final long FEWEST_PARTS = 4;
    /** Results from which on rows are enough work for every thread. */
    private static final long FEW = 16;
    private static final long LONG = 1 << 16;
    private static final long DEEP = 2048;
    private static final long SHORTEST_ROW = 32;

    private SplitReductions() {
    }

    static LoopProgram split(LoopProgram program) {
        Map<String, Buffer> buffers = new LinkedHashMap<>(program.buffers());
        List<LoopNode> nodes = new ArrayList<>();
        for (LoopNode node : program.nodes()) {
            long parts = node instanceof LoopNode.Reduction r ? parts(r) : 1;
            if (parts > 1) {
                nodes.addAll(split((LoopNode.Reduction) node, parts, buffers));
            } else if (node instanceof LoopNode.Reduction r && hasRows(r)) {
                nodes.addAll(byRows(r, buffers));
            } else {
                nodes.add(node);
            }
        }
        return new LoopProgram(program.inputs(), program.outputs(), program.constants(), buffers, nodes,
            program.shapes());
    }

    /** The largest number of equal parts of the first reduced dimension, or 1 to leave the node as it is. */
    private static long parts(LoopNode.Reduction node) {
        boolean arg = node.op() == ReduceOp.ARGMAX || node.op() == ReduceOp.ARGMIN;
        SymInt kept = SymInt.product(node.sizes());
        SymInt reduced = SymInt.product(node.reduced());
        if (arg || !kept.isConstant() || !reduced.isConstant()) {
            return 1;
        }
        boolean few = kept.asLong() <= FEW && reduced.asLong() >= LONG;
        boolean deep = !node.sizes().isEmpty() && runsAlongKept(node) && reduced.asLong() >= DEEP
            && SymInt.product(node.sizes().subList(0, node.sizes().size() - 1)).asLong() <= FEW;
        if (!few && !deep) {
            return 1;
        }
        long first = node.reduced().getFirst().asLong();
        for (long parts = Math.min(PARTS, first); parts >= FEWEST_PARTS; parts--) {
            if (first % parts == 0) {
                return parts;
            }
        }
        return 1;
    }

    /** Whether few results come from a symbolic number of rows of fixed length: each row is a part. */
    private static boolean hasRows(LoopNode.Reduction node) {
        boolean arg = node.op() == ReduceOp.ARGMAX || node.op() == ReduceOp.ARGMIN;
        if (arg || !node.sizes().isEmpty() || node.reduced().size() < 2) {
            return false;
        }
        SymInt row = node.reduced().getLast();
        return row.isConstant() && row.asLong() >= SHORTEST_ROW && !SymInt.product(node.reduced()).isConstant();
    }

    private static List<LoopNode> byRows(LoopNode.Reduction node, Map<String, Buffer> buffers) {
        int rows = node.reduced().size() - 1;
        List<SymInt> from = new ArrayList<>();
        List<SymInt> to = new ArrayList<>();
        for (int d = 0; d < rows; d++) {
            from.add(LoopVars.reduced(d));
            to.add(LoopVars.output(d));
        }
        from.add(LoopVars.reduced(rows));
        to.add(LoopVars.reduced(0));
        Scalar body = Indices.substitute(node.body(), Indices.renaming(from, to));
        List<SymInt> sizes = node.reduced().subList(0, rows);
        Buffer partial = declare(node.output().name() + "_rows", partialType(node), sizes, buffers);
        List<SymInt> place = new ArrayList<>();
        for (int d = 0; d < rows; d++) {
            place.add(LoopVars.reduced(d));
        }
        Scalar part = new Scalar.Load(partial.name(), LoopVars.offset(place, partial.strides()), partial.dtype());
        return List.of(new LoopNode.Reduction(partial, sizes, List.of(node.reduced().getLast()), node.op(), body,
            node.origins()), new LoopNode.Reduction(node.output(), List.of(), sizes, node.op(), part, node.origins()));
    }

    private static DType partialType(LoopNode.Reduction node) {
        return node.output().dtype().isReduced() ? DType.F32 : node.output().dtype();
    }

    /** Whether memory runs along the last kept dimension in all that is read. */
    private static boolean runsAlongKept(LoopNode.Reduction node) {
        List<SymInt> indices = Indices.in(node.body());
        SymInt last = LoopVars.output(node.sizes().size() - 1);
        return !indices.isEmpty() && indices.stream().allMatch(i -> Indices.coefficient(i, last)
            .filter(c -> c.is(1) || c.is(0)).isPresent())
            && indices.stream().anyMatch(i -> Indices.coefficient(i, last).filter(c -> c.is(1)).isPresent());
    }

    private static List<LoopNode> split(LoopNode.Reduction node, long parts, Map<String, Buffer> buffers) {
        int rank = node.sizes().size();
        SymInt length = SymInt.of(node.reduced().getFirst().asLong() / parts);
        List<SymInt> sizes = new ArrayList<>(List.of(SymInt.of(parts)));
        sizes.addAll(node.sizes());
        List<SymInt> reduced = new ArrayList<>(node.reduced());
        reduced.set(0, length);
        List<SymInt> from = new ArrayList<>(LoopVars.outputs(rank));
        List<SymInt> to = new ArrayList<>();
        for (int d = 0; d < rank; d++) {
            to.add(LoopVars.output(d + 1));
        }
        from.add(LoopVars.reduced(0));
        to.add(LoopVars.output(0).times(length).plus(LoopVars.reduced(0)));
        Scalar body = Indices.substitute(node.body(), Indices.renaming(from, to));
        DType dtype = partialType(node);
        Buffer partial = declare(node.output().name() + "_parts", dtype, sizes, buffers);
        List<SymInt> place = new ArrayList<>(List.of(LoopVars.reduced(0)));
        place.addAll(LoopVars.outputs(rank));
        Scalar part = new Scalar.Load(partial.name(), LoopVars.offset(place, partial.strides()), dtype);
        return List.of(new LoopNode.Reduction(partial, sizes, reduced, node.op(), body, node.origins()),
            new LoopNode.Reduction(node.output(), node.sizes(), List.of(SymInt.of(parts)), node.op(), part,
                node.origins()));
    }

    private static Buffer declare(String wish, DType dtype, List<SymInt> sizes, Map<String, Buffer> buffers) {
        String name = wish;
        for (int i = 1; buffers.containsKey(name); i++) {
            name = wish + "_b" + i;
        }
        Buffer buffer = new Buffer(name, Buffer.Kind.INTERMEDIATE, dtype, sizes, FakeTensor.contiguousStrides(sizes));
        buffers.put(name, buffer);
        return buffer;
    }
}
