package dev.kiln.stages.lowering;

import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode.DataSize;
import java.util.List;

/** Ops that give sizes: what they read is taken in as a formula, what they write is always in memory. */
final class DataSizeLowering {
    private DataSizeLowering() {
    }

    static Value lower(CallLowering c) {
        ShapeEnv.Symbol symbol = c.args().shapes().symbol(c.args().size(1).toString()).orElseThrow();
        boolean compact = c.op().equals(DataSizeOps.COMPACT);
        Value self = c.value(0);
        Scalar body = self.load(compact ? LoopVars.outputs(1) : java.util.Collections.nCopies(self.rank(), SymInt.ZERO));
        Buffer output = c.allocateResult(c.result().sizes());
        c.lowering().add(new DataSize(output, compact ? DataSize.Rule.COMPACT : DataSize.Rule.NUMBER,
            compact ? self.sizes().getFirst() : SymInt.ONE, body, symbol.name(), symbol.min(), symbol.max(),
            List.copyOf(c.origins())));
        return GraphLowering.whole(output);
    }
}
