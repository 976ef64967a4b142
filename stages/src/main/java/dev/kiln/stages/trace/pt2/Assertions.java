package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;

/**
 * Operators that only check something. Conditions on sizes become guards; a check of element types is done at once.
 * A check of values is left out: it computes nothing.
 */
final class Assertions {
    private static final Map<String, Translator> OPS = Map.of(
        "aten._assert_scalar.default", Assertions::holds,
        "aten._assert_tensor_metadata.default", Assertions::metadata,
        "aten._assert_async.default", call -> NodeCall.none(),
        "aten._assert_async.msg", call -> NodeCall.none(),
        "aten.sym_constrain_range.default", Assertions::range,
        "aten.sym_constrain_range_for_size.default", Assertions::range);

    private Assertions() {
    }

    static Translator find(String target) {
        return OPS.get(target);
    }

    private static List<Bound> holds(NodeCall call) {
        call.symbols().require(SymbolicOps.truth(call, 0));
        return NodeCall.none();
    }

    private static List<Bound> metadata(NodeCall call) {
        DType dtype = call.dtype(call.tensor("a", 0));
        if (call.arg("dtype", Arg.NONE) instanceof Arg.Type(DType expected) && expected != dtype) {
            throw new KilnException.BadInput("the model requires " + expected + ", the tensor is " + dtype);
        }
        return NodeCall.none();
    }

    private static List<Bound> range(NodeCall call) {
        if (call.arg(call.argument("size", 0)) instanceof Arg.Int(SymInt size)) {
            bound(call, "min", size, true);
            bound(call, "max", size, false);
        }
        return NodeCall.none();
    }

    private static void bound(NodeCall call, String name, SymInt size, boolean least) {
        if (call.arg(name, Arg.NONE) instanceof Arg.Int(SymInt bound)) {
            call.symbols().require(least ? Guard.atMost(bound, size) : Guard.atMost(size, bound));
        }
    }
}
