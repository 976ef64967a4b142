package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Gradients of a convolution, as convolutions again. Those that the mask does not ask for are empty. */
final class ConvolutionBackward {
    private ConvolutionBackward() {
    }

    static void define(Definitions d) {
        d.list("convolution_backward.default(Tensor grad_output, Tensor input, Tensor weight, SymInt[]? bias_sizes, "
            + "SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, "
            + "SymInt groups, bool[3] output_mask) -> (Tensor, Tensor, Tensor)", ConvolutionBackward::gradients);
    }

    private static List<Arg.Ref> gradients(Emit e, OpArgs a) {
        List<Boolean> mask = ((Arg.Bools) a.arg(10)).values();
        int dims = a.tensor(2).rank() - 2;
        ConvolutionSpec spec = new ConvolutionSpec(ConvolutionSpec.each(a, 4, dims), ConvolutionSpec.each(a, 5, dims),
            ConvolutionSpec.each(a, 6, dims), a.bool(7), ConvolutionSpec.each(a, 8, dims), a.integer(9));
        requireOutputSize(a, spec);
        Arg.Ref none = e.full(List.of(SymInt.ZERO), 0, a.tensor(0).dtype());
        List<Integer> folded = new ArrayList<>(List.of(0));
        IntStream.range(2, dims + 2).forEach(folded::add);
        Arg sum = Arg.ints(folded.stream().mapToLong(d -> d).toArray());
        return List.of(mask.get(0) ? input(e, a, spec) : none, mask.get(1) ? weight(e, a, spec) : none,
            mask.get(2) ? e.cast(e.sum(e.compute(Emit.ref(a, 0)), sum, false), a.tensor(0).dtype()) : none);
    }

    private static void requireOutputSize(OpArgs a, ConvolutionSpec spec) {
        for (int d = 0; d < spec.dims(); d++) {
            SymInt given = a.tensor(0).size(d + 2);
            SymInt size = spec.size(d, a.tensor(1).size(d + 2), a.tensor(2).size(d + 2));
            if (given.isConstant() && size.isConstant() && !given.equals(size)) {
                throw a.error("grad_output has size " + given + " in dimension " + (d + 2) + ", the convolution gives " + size);
            }
        }
    }

    /**
     * The other kind of convolution of the output's gradient, grown to the input's size. Windows are left over where a
     * transposed convolution had as much output padding as stride.
     */
    private static Arg.Ref input(Emit e, OpArgs a, ConvolutionSpec spec) {
        List<SymInt> missing = new ArrayList<>();
        for (int d = 0; d < spec.dims(); d++) {
            SymInt reach = spec.dilation().get(d).times(a.tensor(2).size(d + 2).plus(-1));
            SymInt grown = a.tensor(0).size(d + 2).plus(-1).times(spec.stride().get(d))
                .minus(spec.padding().get(d).times(2)).plus(reach).plus(1);
            missing.add(spec.transposed() ? SymInt.ZERO : a.tensor(1).size(d + 2).minus(grown));
        }
        Arg.Ref gradient = e.call("convolution.default", a.arg(0), a.arg(2), null, a.arg(4), a.arg(5), a.arg(6),
            !spec.transposed(), new Arg.Ints(missing), a.arg(9));
        return first(e, gradient, a.tensor(1));
    }

    /** As many elements of the spatial dimensions as another tensor has. */
    private static Arg.Ref first(Emit e, Arg.Ref x, FakeTensor like) {
        Arg.Ref result = x;
        for (int d = 2; d < like.rank(); d++) {
            if (!e.tensor(x).size(d).equals(like.size(d))) {
                result = e.slice(result, d, SymInt.ZERO, like.size(d));
            }
        }
        return result;
    }

    /** What slides (the larger image) over what stays, batch and channels exchanged, so that the batch is summed. */
    private static Arg.Ref weight(Emit e, OpArgs a, ConvolutionSpec spec) {
        FakeTensor weight = a.tensor(2);
        Arg.Ref large = Emit.ref(a, spec.transposed() ? 0 : 1);
        Arg.Ref small = Emit.ref(a, spec.transposed() ? 1 : 0);
        long groups = spec.groups();
        Arg.Ref kernel = e.call("transpose.int", small, 0, 1);
        Arg.Ref image = byGroup(e, large, groups);
        Arg.Ref slid = e.call("convolution.default", image, kernel, null, a.arg(6), a.arg(5), a.arg(4), false,
            Arg.ints(0), groups);
        return e.call("transpose.int", first(e, slid, weight), 0, 1);
    }

    /** [N, G C, spatial..] as [C, G N, spatial..]. */
    private static Arg.Ref byGroup(Emit e, Arg.Ref x, long groups) {
        List<SymInt> sizes = e.tensor(x).sizes();
        SymInt channels = sizes.get(1).floorDiv(SymInt.of(groups));
        List<SymInt> split = new ArrayList<>(List.of(sizes.getFirst(), SymInt.of(groups), channels));
        split.addAll(sizes.subList(2, sizes.size()));
        List<Integer> order = new ArrayList<>(IntStream.range(0, split.size()).boxed().toList());
        Collections.swap(order, 0, 2);
        List<SymInt> joined = new ArrayList<>(List.of(channels, sizes.getFirst().times(groups)));
        joined.addAll(sizes.subList(2, sizes.size()));
        return e.view(e.permute(e.view(x, split), order), joined);
    }
}
