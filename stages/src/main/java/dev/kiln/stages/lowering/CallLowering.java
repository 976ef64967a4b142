package dev.kiln.stages.lowering;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Set;

/** One call being lowered: its arguments as values, and the means to realize and allocate. */
record CallLowering(GraphLowering lowering, Node.Call call, OpArgs args, Set<String> origins) {

    Value value(int position) {
        return lowering.value((Arg.Ref) call.arg(position));
    }

    List<Value> values(int position) {
        return ((Arg.Refs) call.arg(position)).refs().stream().map(lowering::value).toList();
    }

    boolean isNone(int position) {
        return args.isNone(position);
    }

    FakeTensor result() {
        return call.output(0);
    }

    String op() {
        return call.op().name();
    }

    /** The argument in memory. A formula that is realized here stays realized for other users. */
    Value.Strided realized(int position) {
        Arg.Ref ref = (Arg.Ref) call.arg(position);
        Value.Strided strided = realize(lowering.value(ref));
        lowering.replace(ref, strided);
        return strided;
    }

    Value.Strided realize(Value value) {
        return lowering.realize(value, call.name() + "_arg", origins);
    }

    /** A contiguous copy unless the value is contiguous in memory already. */
    Value.Strided dense(Value value) {
        Value.Strided strided = realize(value);
        List<SymInt> dense = FakeTensor.contiguousStrides(strided.sizes());
        boolean isDense = strided.strides().equals(dense);
        return isDense ? strided : copy(strided);
    }

    Value.Strided copy(Value value) {
        Buffer buffer = lowering.allocate(call.name() + "_copy", value.dtype(), value.sizes());
        lowering.fill(buffer, value, origins);
        return GraphLowering.whole(buffer);
    }

    Buffer allocateResult(List<SymInt> sizes) {
        return lowering.allocate(call.name(), result().dtype(), sizes);
    }
}
