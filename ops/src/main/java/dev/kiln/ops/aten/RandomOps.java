package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Philox;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarFormula;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;

/** Random words by counter; all random tensors are made of these. */
final class RandomOps {
    private RandomOps() {
    }

    /** Word {@code word} of the counters {@code offset + first + place}; seeds and offsets are i64. */
    static void register(Registry r) {
        ShapeFunction shape = Shapes.unary(t -> DType.I64);
        ScalarFormula ofState = (a, x) -> Philox.word(sum(x.get(0), sum(x.get(2), x.get(3))), x.get(1),
            Math.toIntExact(a.integer(4)));
        ScalarFormula ofSeed = (a, x) -> Philox.word(sum(x.get(0), x.get(2)), x.get(1), Math.toIntExact(a.integer(3)));
        r.internalElementwise("philox.default(Tensor place, Tensor seed, Tensor offset, SymInt first, int word) -> Tensor",
            shape, ofState);
        r.internalElementwise("philox.seeded(Tensor place, SymInt seed, SymInt first, int word) -> Tensor", shape, ofSeed);
    }

    private static Scalar sum(Scalar x, Scalar y) {
        return Scalar.of(ScalarOp.ADD, x, y);
    }
}
