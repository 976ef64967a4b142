package dev.kiln.stages.lowering;

import dev.kiln.kernels.attention.AttentionSpec;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.function.Function;

/** Which attention calls the template computes; others are decomposed into products and a softmax. */
public final class AttentionSupport {
    private AttentionSupport() {
    }

    public static boolean hasTemplate(Node.Call call, Function<Arg.Ref, FakeTensor> tensors) {
        FakeTensor query = tensors.apply((Arg.Ref) call.arg(0));
        FakeTensor key = tensors.apply((Arg.Ref) call.arg(1));
        FakeTensor value = tensors.apply((Arg.Ref) call.arg(2));
        boolean floats = query.dtype() == DType.F32 && query.rank() <= 4 && fits(query.sizes().getLast())
            && fits(value.sizes().getLast());
        boolean plain = call.arg(4).equals(new Arg.Real(0)) && call.arg(5).equals(new Arg.Bool(false))
            && call.arg(7).equals(new Arg.Bool(false));
        int lead = query.rank() - 2;
        boolean sameBatches = lead(query, lead).equals(lead(key, lead)) && lead(query, lead).equals(lead(value, lead));
        return floats && plain && sameBatches && (call.arg(3) instanceof Arg.None
            || tensors.apply((Arg.Ref) call.arg(3)).dtype() == DType.F32);
    }

    private static List<SymInt> lead(FakeTensor tensor, int count) {
        return tensor.sizes().subList(0, count);
    }

    private static boolean fits(SymInt size) {
        return size.isConstant() && size.asLong() >= 1 && size.asLong() <= AttentionSpec.MAX_DIM;
    }
}
