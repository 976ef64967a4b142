package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * Any ordinary convolution as loops: a reduction over input channels and window, or, if each channel stands alone and
 * the window is small, a formula with one term a window place, which vectorises along the image's rows. The input is
 * copied with its padding first, so that no read needs a bounds check. Half precisions are summed in f32.
 */
final class ConvolutionLowering {
    /** Window places up to which a depthwise convolution is written out. */
    private static final long MAX_TERMS = 32;

    private final CallLowering c;
    private final ConvolutionSpec spec;
    private final Value input;
    private final Value.Strided weight;
    private final DType compute;

    private ConvolutionLowering(CallLowering c) {
        this.c = c;
        spec = ConvolutionSpec.of(c.args());
        if (spec.transposed()) {
            throw new IllegalStateException("a transposed convolution must be decomposed");
        }
        DType dtype = c.result().dtype();
        compute = dtype.isFloating() && dtype.bytes() == 2 ? DType.F32 : dtype;
        weight = c.realized(1);
        input = padded();
    }

    static Value lower(CallLowering c) {
        ConvolutionLowering lowering = new ConvolutionLowering(c);
        Value sum = lowering.isDepthwise() ? lowering.terms() : lowering.reduction();
        return lowering.finished(sum);
    }

    private Value.Strided padded() {
        if (spec.padding().stream().allMatch(p -> p.is(0))) {
            return c.realized(0);
        }
        Value self = c.value(0);
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        for (int d = 0; d < spec.dims(); d++) {
            sizes.set(d + 2, sizes.get(d + 2).plus(spec.padding().get(d).times(2)));
        }
        Buffer buffer = c.lowering().allocate(c.call().name() + "_padded", self.dtype(), sizes);
        Scalar zero = Scalar.literal(0, self.dtype());
        c.lowering().fill(buffer, new Value.Computed(self.dtype(), sizes, i -> zero), c.origins());
        SymInt place = LoopVars.offset(LoopVars.outputs(self.rank()), buffer.strides());
        for (int d = 0; d < spec.dims(); d++) {
            place = place.plus(spec.padding().get(d).times(buffer.strides().get(d + 2)));
        }
        c.lowering().add(new LoopNode.Pointwise(buffer, self.sizes(), place,
            self.load(LoopVars.outputs(self.rank())), List.copyOf(c.origins())));
        return GraphLowering.whole(buffer);
    }

    private boolean isDepthwise() {
        SymInt window = SymInt.product(weight.sizes().subList(2, weight.rank()));
        return weight.sizes().get(1).is(1) && weight.sizes().getFirst().is(spec.groups()) && window.isConstant()
            && window.asLong() >= 1 && window.asLong() <= MAX_TERMS;
    }

    private Value terms() {
        List<SymInt> kernel = weight.sizes().subList(2, weight.rank());
        long count = SymInt.product(kernel).asLong();
        return new Value.Computed(compute, c.result().sizes(), index -> {
            Scalar sum = null;
            for (long term = 0; term < count; term++) {
                List<SymInt> tap = new ArrayList<>();
                long rest = term;
                for (int d = spec.dims() - 1; d >= 0; d--) {
                    tap.addFirst(SymInt.of(rest % kernel.get(d).asLong()));
                    rest /= kernel.get(d).asLong();
                }
                Scalar product = product(index, SymInt.ZERO, tap, index.get(1));
                sum = sum == null ? product : Scalar.of(ScalarOp.ADD, sum, product);
            }
            return sum;
        });
    }

    private Value reduction() {
        List<SymInt> sizes = c.result().sizes();
        List<SymInt> index = LoopVars.outputs(sizes.size());
        List<SymInt> tap = new ArrayList<>();
        for (int d = 0; d < spec.dims(); d++) {
            tap.add(LoopVars.reduced(d + 1));
        }
        SymInt perGroup = weight.sizes().getFirst().floorDiv(SymInt.of(spec.groups()));
        SymInt group = spec.groups() == 1 ? SymInt.ZERO : index.get(1).floorDiv(perGroup);
        SymInt from = group.times(weight.sizes().get(1)).plus(LoopVars.reduced(0));
        Buffer buffer = c.lowering().allocate(c.call().name(), compute, sizes);
        c.lowering().add(new LoopNode.Reduction(buffer, sizes, weight.sizes().subList(1, weight.rank()), ReduceOp.SUM,
            product(index, LoopVars.reduced(0), tap, from), List.copyOf(c.origins())));
        return GraphLowering.whole(buffer);
    }

    /** input[n, from, place * stride + tap * dilation] * weight[o, channel, tap]. */
    private Scalar product(List<SymInt> index, SymInt channel, List<SymInt> tap, SymInt from) {
        List<SymInt> at = new ArrayList<>(List.of(index.get(0), from));
        List<SymInt> of = new ArrayList<>(List.of(index.get(1), channel));
        for (int d = 0; d < spec.dims(); d++) {
            at.add(index.get(d + 2).times(spec.stride().get(d)).plus(tap.get(d).times(spec.dilation().get(d))));
            of.add(tap.get(d));
        }
        return Scalar.of(ScalarOp.MUL, input.load(at).cast(compute), weight.load(of).cast(compute));
    }

    private Value finished(Value sum) {
        DType dtype = c.result().dtype();
        if (c.isNone(2) && dtype == compute) {
            return sum;
        }
        Value bias = c.isNone(2) ? null : c.value(2);
        return new Value.Computed(dtype, sum.sizes(), index -> {
            Scalar element = sum.load(index);
            return (bias == null ? element : Scalar.of(ScalarOp.ADD, element,
                bias.load(List.of(index.get(1))).cast(compute))).cast(dtype);
        });
    }
}
