package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * The discrete Fourier transform along a dimension, as products with constant matrices of cosines and sines. Numbers
 * lie in the last dimension: one real, or real and imaginary part.
 */
final class FourierTransform {
    /** The matrices of more would be too large. */
    private static final long MAX_LENGTH = 4096;

    private final NodeImport n;
    private final long length;
    private final boolean inverse;
    private final boolean onesided;

    FourierTransform(NodeImport n, long length, boolean inverse, boolean onesided) {
        if (length < 1 || length > MAX_LENGTH) {
            throw new KilnException.Unsupported("a transform of length " + length + " is not supported (1 to "
                + MAX_LENGTH + ")");
        }
        this.n = n;
        this.length = length;
        this.inverse = inverse;
        this.onesided = onesided;
    }

    Arg.Ref apply(Arg.Ref x, int dim) {
        boolean complex = n.type(x).sizes().getLast().is(2);
        Arg.Ref real = part(x, 0, dim);
        Arg.Ref imaginary = complex ? part(x, 1, dim) : null;
        boolean toReal = inverse && onesided;
        DType dtype = n.dtype(x);
        Arg.Ref cosines = matrix(dtype, Math::cos);
        Arg.Ref sines = matrix(dtype, Math::sin);
        Arg.Ref re = sum(product(real, cosines), imaginary == null ? null : product(imaginary, sines));
        if (toReal) {
            return n.call("aten.unsqueeze.default", back(re, dim), -1);
        }
        Arg.Ref crossed = n.call("aten.neg.default", product(real, sines));
        Arg.Ref im = sum(crossed, imaginary == null ? null : product(imaginary, cosines));
        Arg.Ref both = n.call("aten.cat.default", List.of(n.call("aten.unsqueeze.default", back(re, dim), -1),
            n.call("aten.unsqueeze.default", back(im, dim), -1)), n.rank(x) - 1);
        return both;
    }

    /** Real or imaginary part with the dimension last, cut or filled with zeros to what the matrices take. */
    private Arg.Ref part(Arg.Ref x, int which, int dim) {
        Arg.Ref part = n.call("aten.select.int", x, -1, which);
        Arg.Ref moved = n.call("aten.movedim.int", part, dim, -1);
        SymInt missing = SymInt.of(inputs()).minus(n.type(moved).sizes().getLast());
        return missing.is(0) ? moved : n.call("aten.constant_pad_nd.default", moved,
            new ArrayList<>(List.of(SymInt.ZERO, missing)), 0.0);
    }

    private Arg.Ref back(Arg.Ref x, int dim) {
        return n.call("aten.movedim.int", x, -1, dim);
    }

    private Arg.Ref product(Arg.Ref x, Arg.Ref matrix) {
        return n.call("aten.matmul.default", x, matrix);
    }

    private Arg.Ref sum(Arg.Ref a, Arg.Ref b) {
        return b == null ? a : n.call("aten.add.Tensor", a, b);
    }

    private long inputs() {
        return inverse && onesided ? length / 2 + 1 : length;
    }

    private long outputs() {
        return onesided && !inverse ? length / 2 + 1 : length;
    }

    /** function(2 pi j k / length), with the sign and the factor of the inverse in it. */
    private Arg.Ref matrix(DType dtype, DoubleUnaryOperator function) {
        ConstantValue matrix = ConstantValue.allocate(dtype, List.of(inputs(), outputs()));
        double sign = inverse ? -1 : 1;
        for (long j = 0; j < inputs(); j++) {
            boolean alone = j == 0 || 2 * j == length;
            double factor = !inverse ? 1 : onesided && !alone ? 2.0 / length : 1.0 / length;
            for (long k = 0; k < outputs(); k++) {
                double angle = sign * 2 * Math.PI * (j * k % length) / length;
                matrix.set(j * outputs() + k, factor * function.applyAsDouble(angle));
            }
        }
        return n.constant("fourier", matrix);
    }
}
