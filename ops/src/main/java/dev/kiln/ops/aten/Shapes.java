package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** Shape functions and parts of them that several families share. */
final class Shapes {
    private Shapes() {
    }

    /** Same sizes as the first argument, dtype mapped. */
    static ShapeFunction unary(UnaryOperator<DType> dtype) {
        return ShapeFunction.single(a -> a.tensor(0).withDType(dtype.apply(a.tensor(0).dtype()))
            .fresh(a.tensor(0).sizes()));
    }

    /** Broadcast of the tensors among the positions, with the promoted dtype mapped. */
    static ShapeFunction broadcast(UnaryOperator<DType> dtype, int... positions) {
        return ShapeFunction.single(a -> {
            DType common = TypePromotion.common(a, positions);
            return FakeTensor.contiguous(dtype.apply(common), broadcastSizes(a, positions));
        });
    }

    /** Whether what an op demands holds; where data decides, it is taken to hold and the code checks it. */
    static boolean holds(OpArgs a, Guard demand) {
        if (a.shapes().dependsOnData(demand)) {
            a.shapes().require(demand, a.schema().name());
            return true;
        }
        return a.shapes().evaluate(demand);
    }

    static List<SymInt> broadcastSizes(OpArgs args, int... positions) {
        List<List<SymInt>> sizes = new ArrayList<>();
        for (int position : positions) {
            if (args.arg(position) instanceof Arg.Ref ref) {
                sizes.add(args.tensors().apply(ref).sizes());
            }
        }
        return Broadcast.sizes(args.shapes(), args.schema().name(), sizes);
    }

    /** Dimensions that a reduction folds: the listed ones, or all if the list is empty or none. */
    static TreeSet<Integer> reducedDims(OpArgs args, int position, int rank) {
        TreeSet<Integer> dims = new TreeSet<>();
        if (args.isNone(position) || args.sizes(position).isEmpty()) {
            for (int d = 0; d < rank; d++) {
                dims.add(d);
            }
            return dims;
        }
        for (int dim : args.integers(position)) {
            if (!dims.add(args.wrapDim(dim, rank)) && rank > 0) {
                throw args.error("dimension " + dim + " is listed twice");
            }
        }
        if (rank == 0) {
            dims.clear();
        }
        return dims;
    }

    static List<SymInt> reduced(List<SymInt> sizes, TreeSet<Integer> dims, boolean keepDim) {
        List<SymInt> result = new ArrayList<>();
        for (int d = 0; d < sizes.size(); d++) {
            if (!dims.contains(d)) {
                result.add(sizes.get(d));
            } else if (keepDim) {
                result.add(SymInt.ONE);
            }
        }
        return result;
    }
}
