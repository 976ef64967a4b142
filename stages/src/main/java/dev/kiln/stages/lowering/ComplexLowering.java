package dev.kiln.stages.lowering;

import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Complex tensors always lie in memory, and only inputs, outputs and what moves between them are complex: all else is
 * on their parts. A kernel sees a complex buffer as twice as many numbers.
 */
final class ComplexLowering {
    private ComplexLowering() {
    }

    private static List<SymInt> withPair(List<SymInt> sizes) {
        List<SymInt> more = new ArrayList<>(sizes);
        more.add(SymInt.of(2));
        return more;
    }

    /** The numbers of a complex tensor in memory. */
    static Value parts(Value.Strided self) {
        List<SymInt> sizes = withPair(self.sizes());
        int last = self.rank();
        return new Value.Computed(self.dtype().part(), sizes, index -> new Scalar.Load(self.buffer().name(),
            self.offset().plus(LoopVars.offset(index.subList(0, last), self.strides())).times(2).plus(index.get(last)),
            self.dtype().part()));
    }

    static Value whole(CallLowering c, Value pairs) {
        Buffer buffer = c.lowering().allocate(c.call().name(), c.result().dtype(), c.result().sizes());
        write(c.lowering(), buffer, pairs, c.origins());
        return GraphLowering.whole(buffer);
    }

    /** Writes pairs of numbers into a complex buffer. */
    static void write(GraphLowering lowering, Buffer buffer, Value pairs, Collection<String> from) {
        List<SymInt> sizes = withPair(buffer.sizes());
        List<SymInt> index = LoopVars.outputs(sizes.size());
        lowering.add(new LoopNode.Pointwise(buffer, sizes,
            LoopVars.offset(index, FakeTensor.contiguousStrides(sizes)), pairs.load(index), List.copyOf(from)));
    }
}
