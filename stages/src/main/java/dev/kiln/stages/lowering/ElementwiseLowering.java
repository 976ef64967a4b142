package dev.kiln.stages.lowering;

import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Elementwise ops become formulas over their inputs' formulas. */
final class ElementwiseLowering {
    private ElementwiseLowering() {
    }

    static Value lower(CallLowering c) {
        List<SymInt> sizes = c.result().sizes();
        return new Value.Computed(c.result().dtype(), sizes, index -> c.call().op().scalar(c.args(),
            position -> {
                Value input = c.value(position);
                return input.load(broadcast(input.sizes(), sizes, index));
            }));
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
