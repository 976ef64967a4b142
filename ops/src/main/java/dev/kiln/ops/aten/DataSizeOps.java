package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * What gives unbacked symbols their values. The symbol is an argument, so that a graph says in one place where each
 * comes from, and inferring a call's shapes again gives the same shapes.
 */
public final class DataSizeOps {
    /** Indices of the true elements of a vector, in order; their count is the symbol's value. */
    public static final String COMPACT = "kiln.compact.default";
    /** The only element of an integer tensor becomes the symbol's value (PyTorch's {@code item()}). */
    public static final String BIND_SIZE = "kiln.bind_size.default";

    private DataSizeOps() {
    }

    static void register(Registry r) {
        r.internal("compact.default(Tensor mask, SymInt count) -> Tensor", OpKind.DATA_SIZED,
            ShapeFunction.single(DataSizeOps::compact));
        r.internal("bind_size.default(Tensor self, SymInt value) -> Tensor", OpKind.DATA_SIZED,
            ShapeFunction.single(DataSizeOps::bindSize));
    }

    private static FakeTensor compact(OpArgs a) {
        if (a.tensor(0).rank() != 1 || a.tensor(0).dtype() != DType.BOOL) {
            throw a.error("a vector of truth values expected, got " + a.tensor(0));
        }
        return FakeTensor.contiguous(DType.I64, List.of(symbol(a)));
    }

    private static FakeTensor bindSize(OpArgs a) {
        if (a.tensor(0).dtype().isFloating() || !a.shapes().provablyEqual(a.tensor(0).numel(), SymInt.ONE)) {
            throw a.error("one integer expected, got " + a.tensor(0));
        }
        symbol(a);
        return FakeTensor.contiguous(DType.I64, List.of());
    }

    private static SymInt symbol(OpArgs a) {
        SymInt symbol = a.size(1);
        if (!symbol.equals(SymInt.symbol(symbol.toString()))) {
            throw a.error("a symbol expected, got " + symbol);
        }
        return symbol;
    }
}
