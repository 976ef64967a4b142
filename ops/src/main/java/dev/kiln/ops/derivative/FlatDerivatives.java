package dev.kiln.ops.derivative;

/** Ops whose outputs do not change smoothly, or with no input at all. */
final class FlatDerivatives {
    private FlatDerivatives() {
    }

    static void define(Rules r) {
        r.none("detach.default", "floor.default", "ceil.default", "round.default", "round.decimals", "trunc.default",
            "sign.default", "sgn.default", "heaviside.default", "signbit.default");
        r.none("floor_divide.default", "floor_divide.Scalar");
        for (String comparison : new String[] {"eq", "ne", "lt", "le", "gt", "ge"}) {
            r.none(comparison + ".Tensor", comparison + ".Scalar");
        }
        r.none("logical_and.default", "logical_or.default", "logical_xor.default", "logical_not.default",
            "isnan.default", "isinf.default", "isfinite.default", "isposinf.default", "isneginf.default");
        for (String bits : new String[] {"and", "or", "xor"}) {
            r.none("bitwise_" + bits + ".Tensor", "bitwise_" + bits + ".Scalar");
        }
        r.none("bitwise_not.default", "bitwise_left_shift.Tensor", "bitwise_left_shift.Tensor_Scalar",
            "bitwise_right_shift.Tensor", "bitwise_right_shift.Tensor_Scalar");
        r.none("any.dims", "all.dims", "argmax.default", "argmin.default");
        r.none("_unique2.default", "full.default", "arange.start_step", "where.Scalar");
    }
}
