package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.stream.LongStream;

/** A Slice whose bounds depend on data: each is brought into the axis by the code and becomes a size that data decides. */
final class DataSlice {
    private DataSlice() {
    }

    static boolean applies(NodeImport n) {
        return n.has(1) && (dependsOnData(n, 1) || dependsOnData(n, 2));
    }

    private static boolean dependsOnData(NodeImport n, int input) {
        return n.known(input).isEmpty() && n.constant(input).isEmpty();
    }

    static Arg.Ref translate(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int count = (int) n.shapes().specialize(n.type(n.tensor(dependsOnData(n, 1) ? 1 : 2)).numel());
        long[] given = n.has(3) ? n.integers(3, "axes") : LongStream.range(0, count).toArray();
        int[] axes = n.dims(given, n.rank(x));
        long[] steps = n.has(4) ? n.integers(4, "steps") : LongStream.generate(() -> 1).limit(count).toArray();
        for (int i = 0; i < count; i++) {
            if (steps[i] < 1) {
                throw new KilnException.Unsupported("a backward slice whose bounds depend on data is not supported");
            }
            SymInt size = n.type(x).size(axes[i]);
            x = LayoutImports.forward(n, x, axes[i], bound(n, 1, "starts", i, size), bound(n, 2, "ends", i, size), steps[i]);
        }
        return x;
    }

    private static SymInt bound(NodeImport n, int input, String role, int i, SymInt size) {
        if (!dependsOnData(n, input)) {
            return n.sizes(input, role).get(i);
        }
        Arg.Ref all = n.cast(n.reshape(n.tensor(input), List.of(n.type(n.tensor(input)).numel())), DType.I64);
        Arg.Ref index = IndexingImports.fromStart(n, n.call("aten.select.int", all, 0, i), size);
        SymInt bound = n.shapes().unbacked(size);
        n.call(DataSizeOps.BIND_SIZE, n.call("aten.clamp.default", index, 0, size), bound);
        n.shapes().require(Guard.atMost(bound, size), role);
        return bound;
    }
}
