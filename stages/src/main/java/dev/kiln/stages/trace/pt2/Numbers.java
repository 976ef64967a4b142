package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.List;

/** Numbers in the place of tensors: exports call {@code aten.add.Tensor(x, 1)} for {@code x + 1}. */
final class Numbers {
    private Numbers() {
    }

    static boolean isNumber(Arg arg) {
        return arg instanceof Arg.Int || arg instanceof Arg.Real || arg instanceof Arg.Bool;
    }

    /** The overload that takes a number where the call has one, and a tensor where a number comes from data. */
    static OpOverload overload(OpOverload op, NodeCall call) {
        boolean number = op.name().endsWith(".Tensor")
            && call.given("other").map(other -> isNumber(call.arg(other))).orElse(false);
        boolean data = call.given("other").map(o -> call.arg(o) instanceof Arg.Ref).orElse(false);
        if (op.name().endsWith(".Scalar") && data) {
            return OpTable.find(op.name().replace(".Scalar", ".Tensor")).orElse(op);
        }
        return number ? OpTable.find(op.name().replace(".Tensor", ".Scalar")).orElse(op) : op;
    }

    /**
     * A number as a tensor of rank 0. It has the type that promotion would give it next to the call's tensors: a
     * number never widens a type of its own category.
     */
    static Arg tensor(Arg number, NodeCall call) {
        DType own = switch (number) {
            case Arg.Real r -> DType.F32;
            case Arg.Bool b -> DType.BOOL;
            default -> DType.I64;
        };
        DType type = own;
        for (ProgramNode.Input input : call.node().inputs()) {
            if (input.value() instanceof Argument.Tensor(String name) && call.plain(name) instanceof Arg.Ref ref
                    && call.dtype(ref).kind().compareTo(own.kind()) >= 0) {
                type = call.dtype(ref);
            }
        }
        return call.call("aten.full.default", List.<SymInt>of(), number, type);
    }
}
