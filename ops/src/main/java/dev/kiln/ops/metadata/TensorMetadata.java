package dev.kiln.ops.metadata;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * Of a tensor, all that a kernel may depend on but the elements.
 *
 * @param isDynamic whether sizes of at least 2 are symbols: then it stands for every tensor of its rank that has no
 *     other dimension of 0 or 1, and is contiguous
 * @param sizes elements; symbols only if {@code isDynamic}
 * @param strides elements between neighbours along each dimension
 */
public record TensorMetadata(boolean isDynamic, DType dtype, DeviceMetadata device, List<SymInt> sizes,
        List<SymInt> strides, boolean requiresGrad) {

    public TensorMetadata {
        sizes = List.copyOf(sizes);
        strides = List.copyOf(strides);
        if (sizes.size() != strides.size()) {
            throw new IllegalArgumentException(sizes.size() + " sizes, but " + strides.size() + " strides");
        }
        if (!isDynamic && !(sizes.stream().allMatch(SymInt::isConstant)
                && strides.stream().allMatch(SymInt::isConstant))) {
            throw new IllegalArgumentException("symbols in " + sizes + ", strides " + strides
                + " of a tensor that is not dynamic");
        }
    }

    /** Of a tensor that is dynamic if a size or stride is a symbol. */
    public static TensorMetadata of(FakeTensor tensor) {
        boolean dynamic = !(tensor.sizes().stream().allMatch(SymInt::isConstant)
            && tensor.strides().stream().allMatch(SymInt::isConstant));
        return new TensorMetadata(dynamic, tensor.dtype(), new DeviceMetadata(tensor.device(), -1), tensor.sizes(),
            tensor.strides(), false);
    }

    public FakeTensor fake() {
        return new FakeTensor(dtype, sizes, strides, SymInt.ZERO, device.type());
    }

    /**
     * Whether a kernel for this tensor may serve another: an equal one, or, if this is dynamic, one of the same rank
     * and dtype. What else its guards demand is not known here.
     */
    public boolean accepts(TensorMetadata other) {
        if (!isDynamic) {
            return equals(other);
        }
        boolean same = dtype == other.dtype && device.equals(other.device) && requiresGrad == other.requiresGrad
            && sizes.size() == other.sizes.size() && other.fake().isContiguous();
        for (int d = 0; same && d < sizes.size(); d++) {
            SymInt size = sizes.get(d);
            SymInt actual = other.sizes.get(d);
            same = size.isConstant() ? size.equals(actual) : !actual.is(0) && !actual.is(1);
        }
        return same;
    }

    @Override
    public String toString() {
        return (isDynamic ? "dynamic " : "") + fake() + " on " + device + (requiresGrad ? " requires_grad" : "");
    }
}
