package dev.kiln.ops.interpreter;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.function.Function;

/**
 * One call about to be executed: its arguments without symbols, the values they refer to, the inferred
 * outputs.
 */
record Frame(OpOverload op, OpArgs args, List<FakeTensor> outputs, Function<Arg.Ref, ConstantValue> values) {

    ConstantValue value(int position) {
        return values.apply((Arg.Ref) args.arg(position));
    }

    List<ConstantValue> valueList(int position) {
        return ((Arg.Refs) args.arg(position)).refs().stream().map(values).toList();
    }

    ConstantValue allocate(int output) {
        FakeTensor tensor = outputs.get(output);
        return ConstantValue.allocate(tensor.dtype(), tensor.sizes().stream().map(SymInt::asLong).toList());
    }

    static long[] sizes(ConstantValue value) {
        return Walk.array(value.sizes());
    }

    static long[] constants(List<SymInt> sizes) {
        return sizes.stream().mapToLong(SymInt::asLong).toArray();
    }
}
