package dev.kiln.stages.lowering;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Elementwise ops become formulas over their inputs' formulas. */
final class ElementwiseLowering {
    private ElementwiseLowering() {
    }

    static Value lower(CallLowering c) {
        List<SymInt> sizes = c.result().sizes();
        boolean barrier = c.call().meta().lowPrecisionBarrier();
        return new Value.Computed(c.result().dtype(), sizes, index -> {
            Scalar result = c.call().op().scalar(c.args(), position -> {
                Value input = c.value(position);
                Scalar element = input.load(broadcast(input.sizes(), sizes, index));
                return barrier ? LowPrecision.rounded(element) : element;
            });
            return barrier ? LowPrecision.rounded(result) : result;
        });
    }

    /** The index into an input that is broadcast to the output's sizes. */
    static List<SymInt> broadcast(List<SymInt> input, List<SymInt> output, List<SymInt> index) {
        int lead = output.size() - input.size();
        List<SymInt> own = new ArrayList<>();
        for (int d = 0; d < input.size(); d++) {
            boolean stretched = input.get(d).is(1) && !output.get(d + lead).is(1);
            own.add(stretched ? SymInt.ZERO : index.get(d + lead));
        }
        return own;
    }
}
