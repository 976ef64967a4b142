package dev.kiln.ops.aten;

import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The numbers of a call of {@code aten.convolution.default}, one a spatial dimension. Input [N, C, spatial..];
 * weight [O, C / groups, kernel..], or if transposed [C, O / groups, kernel..].
 */
public record ConvolutionSpec(List<SymInt> stride, List<SymInt> padding, List<SymInt> dilation,
        boolean transposed, List<SymInt> outputPadding, long groups) {
    public static final String NAME = "aten.convolution.default";

    static final String SCHEMA = "convolution.default(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, "
        + "SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor";

    /** @param a complete arguments of {@code aten.convolution.default} */
    public static ConvolutionSpec of(OpArgs a) {
        int dims = a.tensor(1).rank() - 2;
        if (dims < 1 || dims > 3 || a.tensor(0).rank() != dims + 2) {
            throw a.error("an input [N, C, spatial..] and a weight of the same rank 3 to 5 expected, got "
                + a.tensor(0) + " and " + a.tensor(1));
        }
        ConvolutionSpec spec = new ConvolutionSpec(each(a, 3, dims), each(a, 4, dims), each(a, 5, dims), a.bool(6),
            each(a, 7, dims), a.integer(8));
        boolean positive = spec.stride.stream().allMatch(s -> !s.isConstant() || s.asLong() > 0)
            && spec.dilation.stream().allMatch(d -> !d.isConstant() || d.asLong() > 0) && spec.groups > 0;
        boolean padded = spec.padding.stream().allMatch(p -> !p.isConstant() || p.asLong() >= 0);
        if (!positive || !padded) {
            throw a.error("stride, dilation and groups must be positive, padding not negative: " + spec);
        }
        return spec;
    }

    /** One number stands for all spatial dimensions. */
    public static List<SymInt> each(OpArgs a, int position, int dims) {
        List<SymInt> given = a.sizes(position);
        if (given.size() != 1 && given.size() != dims) {
            throw a.error("'" + a.schema().parameters().get(position).name() + "' needs one number or " + dims
                + ", got " + given);
        }
        return given.size() == dims ? given : Collections.nCopies(dims, given.getFirst());
    }

    public int dims() {
        return stride.size();
    }

    /** What the call gives: [N, O, spatial..] in the input's dtype. */
    FakeTensor result(OpArgs a) {
        FakeTensor input = a.tensor(0);
        FakeTensor weight = a.tensor(1);
        if (input.dtype() != weight.dtype()) {
            throw a.error("dtypes " + input.dtype() + " and " + weight.dtype() + " differ");
        }
        SymInt inside = transposed ? weight.size(0) : weight.size(1).times(groups);
        a.shapes().require(input.size(1), inside, a.schema().name() + ", channels");
        if (!weight.size(0).mod(SymInt.of(groups)).is(0)) {
            throw a.error(weight.size(0) + " channels cannot be split into " + groups + " groups");
        }
        SymInt channels = transposed ? weight.size(1).times(groups) : weight.size(0);
        a.optionalTensor(2).ifPresent(bias -> {
            if (bias.rank() != 1) {
                throw a.error("the bias must be a vector, got " + bias);
            }
            a.shapes().require(bias.size(0), channels, a.schema().name() + ", bias");
        });
        List<SymInt> sizes = new ArrayList<>(List.of(input.size(0), channels));
        for (int d = 0; d < dims(); d++) {
            SymInt size = size(d, input.size(d + 2), weight.size(d + 2));
            if (a.shapes().less(size, transposed ? SymInt.ZERO : SymInt.ONE)) {
                throw a.error("the kernel " + weight.sizes() + " does not fit the input " + input.sizes());
            }
            sizes.add(size);
        }
        return input.fresh(sizes);
    }

    /** The output's size along a spatial dimension. */
    public SymInt size(int d, SymInt input, SymInt kernel) {
        return transposed ? spread(d, input, kernel)
            : windows(input, kernel, stride.get(d), padding.get(d), dilation.get(d));
    }

    /** How many windows there are: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. */
    public static SymInt windows(SymInt size, SymInt kernel, SymInt stride, SymInt padding, SymInt dilation) {
        return size.plus(padding.times(2)).minus(dilation.times(kernel.plus(-1))).plus(-1).floorDiv(stride).plus(1);
    }

    private SymInt spread(int d, SymInt size, SymInt kernel) {
        return size.plus(-1).times(stride.get(d)).minus(padding.get(d).times(2))
            .plus(dilation.get(d).times(kernel.plus(-1))).plus(outputPadding.get(d)).plus(1);
    }
}
