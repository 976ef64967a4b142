package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;
import java.util.Map;

/**
 * PyTorch's type promotion: tensors with dimensions decide, unless a zero-dimensional tensor or a number is
 * of a higher category (boolean, integral, floating).
 */
public final class TypePromotion {
    /** The smallest signed dtype for all values of an unsigned one; of u64 the largest there is. */
    private static final Map<DType, DType> SIGNED_ABOVE = Map.of(DType.U8, DType.I16, DType.U16, DType.I32,
        DType.U32, DType.I64, DType.U64, DType.I64);

    private TypePromotion() {
    }

    /** The common dtype of the tensor and number arguments at the given positions. */
    public static DType common(OpArgs args, int... positions) {
        DType dimensioned = null;
        DType zeroDim = null;
        DType number = null;
        for (int position : positions) {
            switch (args.arg(position)) {
                case Arg.Ref ref -> {
                    FakeTensor tensor = args.tensors().apply(ref);
                    if (tensor.rank() > 0) {
                        dimensioned = join(dimensioned, tensor.dtype());
                    } else {
                        zeroDim = join(zeroDim, tensor.dtype());
                    }
                }
                case Arg.Int ignored -> number = join(number, DType.I64);
                case Arg.Real ignored -> number = join(number, DType.F32);
                case Arg.Bool ignored -> number = join(number, DType.BOOL);
                default -> { }
            }
        }
        return lift(lift(dimensioned, zeroDim), number);
    }

    public static DType common(List<FakeTensor> tensors) {
        DType dimensioned = null;
        DType zeroDim = null;
        for (FakeTensor tensor : tensors) {
            if (tensor.rank() > 0) {
                dimensioned = join(dimensioned, tensor.dtype());
            } else {
                zeroDim = join(zeroDim, tensor.dtype());
            }
        }
        return lift(dimensioned, zeroDim);
    }

    /** The lower-priority dtype counts only if its category is higher. */
    private static DType lift(DType strong, DType weak) {
        if (strong == null) {
            return weak;
        }
        if (weak == null || weak.kind().compareTo(strong.kind()) <= 0) {
            return strong;
        }
        return weak.isComplex() && strong.isFloating() ? strong.complex() : weak;
    }

    /** The smallest dtype that holds both (PyTorch's table). */
    public static DType join(DType a, DType b) {
        if (a == null || a == b) {
            return b;
        }
        if (b == null) {
            return a;
        }
        if (a.isComplex() || b.isComplex()) {
            return a == DType.C128 || b == DType.C128 || a == DType.F64 || b == DType.F64 ? DType.C128 : DType.C64;
        }
        if (a.kind() != b.kind()) {
            return a.kind().compareTo(b.kind()) > 0 ? a : b;
        }
        if (a.isFloat8() || b.isFloat8()) {
            throw new KilnException.BadInput(a + " and " + b + " have no common dtype; cast one of them");
        }
        if (a.isFloating()) {
            boolean halves = a.bytes() == 2 && b.bytes() == 2;
            return halves ? DType.F32 : a.bytes() > b.bytes() ? a : b;
        }
        if (a.isUnsigned() != b.isUnsigned()) {
            DType unsigned = a.isUnsigned() ? a : b;
            DType signed = a.isUnsigned() ? b : a;
            return signed.bytes() > unsigned.bytes() ? signed : SIGNED_ABOVE.get(unsigned);
        }
        return a.bytes() > b.bytes() ? a : b;
    }

    /** The dtype that a floating-point function gives for this input: the default for integers. */
    public static DType toFloating(DType dtype) {
        return dtype.isFloating() ? dtype : DType.F32;
    }
}
