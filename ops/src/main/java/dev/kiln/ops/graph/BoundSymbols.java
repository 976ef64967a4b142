package dev.kiln.ops.graph;

import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Which unbacked symbols a call gives values to, and which it uses. */
public final class BoundSymbols {
    private BoundSymbols() {
    }

    /** Unbacked symbols that the call's outputs have and its arguments have not, in order. */
    public static Set<String> of(Node.Call call, Function<Arg.Ref, FakeTensor> tensors, ShapeEnv shapes) {
        List<SymInt> given = new ArrayList<>();
        call.outputs().forEach(o -> given.addAll(o.sizes()));
        List<SymInt> known = new ArrayList<>();
        call.inputs().forEach(r -> known.addAll(tensors.apply(r).sizes()));
        if (call.op().kind() == OpKind.DATA_SIZED) {
            given.addAll(numbers(call));
        } else {
            known.addAll(numbers(call));
        }
        Set<String> bound = new LinkedHashSet<>(shapes.unbackedIn(given));
        bound.removeAll(shapes.unbackedIn(known));
        return bound;
    }

    /** Unbacked symbols in the call's arguments and outputs, those that it binds included. */
    public static Set<String> mentioned(Node.Call call, ShapeEnv shapes) {
        List<SymInt> sizes = numbers(call);
        for (FakeTensor output : call.outputs()) {
            sizes.addAll(output.sizes());
            sizes.addAll(output.strides());
            sizes.add(output.offset());
        }
        return shapes.unbackedIn(sizes);
    }

    private static List<SymInt> numbers(Node.Call call) {
        List<SymInt> numbers = new ArrayList<>();
        for (Arg arg : call.args()) {
            switch (arg) {
                case Arg.Int(SymInt value) -> numbers.add(value);
                case Arg.Ints(List<SymInt> values) -> numbers.addAll(values);
                default -> { }
            }
        }
        return numbers;
    }
}
