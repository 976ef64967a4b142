package dev.kiln.stages.lowering;

import dev.kiln.kernels.conv.Window;
import dev.kiln.ops.DType;
import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Convolutions of one or two dimensions with a constant weight become template nodes that write their output channels
 * last; with a filter of one place they are products of matrices.
 */
final class TemplateConvolution {
    /** With fewer output channels in a group, vectors of them would be mostly empty. */
    private static final long MIN_GROUP = 8;

    private final CallLowering c;
    private final ConvolutionSpec spec;
    private final Value.Strided weight;

    private TemplateConvolution(CallLowering c, ConvolutionSpec spec, Value.Strided weight) {
        this.c = c;
        this.spec = spec;
        this.weight = weight;
    }

    /** Empty if the template does not compute this one. */
    static Optional<Value> lower(CallLowering c) {
        ConvolutionSpec spec = ConvolutionSpec.of(c.args());
        boolean known = c.result().dtype() == DType.F32 && spec.dims() <= 2 && !spec.transposed()
            && c.value(0).sizes().get(1).isConstant() && Stream.of(spec.stride(), spec.padding(), spec.dilation())
                .allMatch(dims -> dims.stream().allMatch(SymInt::isConstant));
        if (!known || !(c.value(1) instanceof Value.Strided weight) || !isConstant(c, weight)) {
            return Optional.empty();
        }
        long outputs = weight.sizes().getFirst().asLong();
        boolean depthwise = weight.sizes().get(1).is(1) && outputs == spec.groups();
        if (spec.groups() > 1 && !depthwise && outputs / spec.groups() < MIN_GROUP) {
            return Optional.empty();
        }
        return Optional.of(new TemplateConvolution(c, spec, weight).lower());
    }

    private static boolean isConstant(CallLowering c, Value.Strided weight) {
        return c.lowering().constants().containsKey(weight.buffer().name()) && weight.offset().is(0)
            && weight.strides().equals(weight.buffer().strides())
            && weight.sizes().stream().allMatch(s -> s.isConstant() && s.asLong() > 0);
    }

    private Value lower() {
        Value.Strided memory = isProduct() ? product() : convolution();
        Value.Strided image = ChannelsLast.fromMemory(memory);
        Value sum = spec.dims() == 2 ? image : image.view(c.result().sizes(), without(image.strides(), 2), SymInt.ZERO);
        if (c.isNone(2)) {
            return sum;
        }
        Value bias = c.value(2);
        return new Value.Computed(DType.F32, sum.sizes(),
            index -> Scalar.of(ScalarOp.ADD, sum.load(index), bias.load(List.of(index.get(1)))));
    }

    private static List<SymInt> without(List<SymInt> dims, int d) {
        List<SymInt> rest = new ArrayList<>(dims);
        rest.remove(d);
        return rest;
    }

    private boolean isProduct() {
        return spec.groups() == 1 && window().equals(new Window(1, 1, 1, 1, 0, 0, 1, 1));
    }

    private Window window() {
        boolean flat = spec.dims() == 1;
        int[] kernel = ints(weight.sizes().subList(2, weight.rank()));
        int[] stride = ints(spec.stride());
        int[] padding = ints(spec.padding());
        int[] dilation = ints(spec.dilation());
        int last = spec.dims() - 1;
        return new Window(flat ? 1 : kernel[0], kernel[last], flat ? 1 : stride[0], stride[last], flat ? 0 : padding[0],
            padding[last], flat ? 1 : dilation[0], dilation[last]);
    }

    private static int[] ints(List<SymInt> values) {
        return values.stream().mapToInt(v -> Math.toIntExact(v.asLong())).toArray();
    }

    /** The input as [images, rows, columns, channels], in memory, in any order. */
    private Value.Strided input() {
        Value.Strided image = c.realized(0);
        if (spec.dims() == 1) {
            List<SymInt> sizes = new ArrayList<>(image.sizes());
            List<SymInt> strides = new ArrayList<>(image.strides());
            sizes.add(2, SymInt.ONE);
            strides.add(2, SymInt.ZERO);
            image = image.view(sizes, strides, image.offset());
        }
        return (Value.Strided) ChannelsLast.toMemory(image);
    }

    private List<SymInt> outputSizes() {
        List<SymInt> sizes = new ArrayList<>(c.result().sizes());
        if (spec.dims() == 1) {
            sizes.add(2, SymInt.ONE);
        }
        return ChannelsLast.toMemory(sizes);
    }

    private Value.Strided convolution() {
        Buffer output = c.lowering().allocate(c.call().name(), DType.F32, outputSizes());
        c.lowering().add(new LoopNode.Convolution(output, input().operand(), weight.buffer().name(), window(),
            spec.groups(), List.copyOf(c.origins())));
        return GraphLowering.whole(output);
    }

    private Value.Strided product() {
        Value.Strided pixels = input();
        SymInt channels = pixels.sizes().getLast();
        SymInt count = SymInt.product(pixels.sizes().subList(0, 3));
        Value.Strided rows = (Value.Strided) ViewLowering.reshape(c, pixels, List.of(count, channels));
        Value.Strided transposed = weight.view(List.of(channels, weight.sizes().getFirst()),
            List.of(SymInt.ONE, channels), SymInt.ZERO);
        return (Value.Strided) ViewLowering.reshape(c, ContractionLowering.product(c, rows, transposed), outputSizes());
    }
}
