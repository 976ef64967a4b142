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

/** PyTorch's convolutions over {@code aten.convolution.default}; inputs without a batch get one of size 1. */
final class ConvolutionDecompositions {
    private static final String INPUTS = "(Tensor input, Tensor weight, Tensor? bias=None, ";

    private ConvolutionDecompositions() {
    }

    static void define(Definitions d) {
        for (int dims = 1; dims <= 3; dims++) {
            String conv = "conv" + dims + "d";
            d.op(conv + ".default" + INPUTS + "SymInt[] stride=1, SymInt[] padding=0, SymInt[] dilation=1, "
                + "SymInt groups=1) -> Tensor", (e, a) -> plain(e, a, a.arg(4)));
            d.op(conv + ".padding" + INPUTS + "SymInt[] stride=1, str padding=\"valid\", SymInt[] dilation=1, "
                + "SymInt groups=1) -> Tensor", ConvolutionDecompositions::named);
            String packet = dims == 1 ? "conv_transpose1d.default" : "conv_transpose" + dims + "d.input";
            d.op(packet + INPUTS + "SymInt[] stride=1, SymInt[] padding=0, SymInt[] output_padding=0, "
                + "SymInt groups=1, SymInt[] dilation=1) -> Tensor", (e, a) -> batched(e, a, x -> e.call(
                "convolution.default", x, a.arg(1), a.arg(2), a.arg(3), a.arg(4), a.arg(7), true, a.arg(5),
                a.arg(6))));
        }
        String common = "(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, "
            + "SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, "
            + "bool deterministic, bool cudnn_enabled";
        d.op("_convolution.default" + common + ", bool allow_tf32) -> Tensor", ConvolutionDecompositions::internal);
        d.op("_convolution.deprecated" + common + ") -> Tensor", ConvolutionDecompositions::internal);
        ConvolutionBackward.define(d);
    }

    private static Arg.Ref internal(Emit e, OpArgs a) {
        return batched(e, a, x -> e.call("convolution.default", x, a.arg(1), a.arg(2), a.arg(3), a.arg(4), a.arg(5),
            a.arg(6), a.arg(7), a.arg(8)));
    }

    private static Arg.Ref plain(Emit e, OpArgs a, Arg padding) {
        return batched(e, a, x -> e.call("convolution.default", x, a.arg(1), a.arg(2), a.arg(3), padding, a.arg(5),
            false, Arg.ints(0), a.arg(6)));
    }

    private static Arg.Ref batched(Emit e, OpArgs a, java.util.function.UnaryOperator<Arg.Ref> body) {
        int dims = a.tensor(1).rank() - 2;
        int rank = a.tensor(0).rank();
        if (rank != dims + 1) {
            return body.apply(Emit.ref(a, 0));
        }
        Arg.Ref result = body.apply(e.unsqueeze(Emit.ref(a, 0), 0));
        return e.view(result, e.tensor(result).sizes().subList(1, dims + 2));
    }

    /** "valid": no padding; "same": as much as keeps the size, the odd one at the end. */
    private static Arg.Ref named(Emit e, OpArgs a) {
        int dims = a.tensor(1).rank() - 2;
        List<SymInt> before = new ArrayList<>();
        List<SymInt> more = new ArrayList<>();
        for (int d = 0; d < dims; d++) {
            SymInt total = a.string(4).equals("same") ? ConvolutionSpec.each(a, 5, dims).get(d)
                .times(a.tensor(1).size(d + 2).plus(-1)) : SymInt.ZERO;
            before.add(total.floorDiv(SymInt.of(2)));
            more.add(total.minus(before.get(d).times(2)));
        }
        switch (a.string(4)) {
            case "valid" -> { }
            case "same" -> {
                if (!a.sizes(3).stream().allMatch(s -> s.is(1))) {
                    throw a.error("padding 'same' needs a stride of 1, got " + a.sizes(3));
                }
            }
            default -> throw a.error("padding must be 'same' or 'valid', is '" + a.string(4) + "'");
        }
        return batched(e, a, x -> e.call("convolution.default",
            Windows.pad(e, x, Collections.nCopies(dims, SymInt.ZERO), more, 0), a.arg(1), a.arg(2), a.arg(3),
            new Arg.Ints(before), a.arg(5), false, Arg.ints(0), a.arg(6)));
    }

    /**
     * A transposed convolution as an ordinary one: zeros between the input's elements, the kernel reversed, its
     * channels exchanged within their groups.
     */
    static Arg.Ref transposed(Emit e, OpArgs a) {
        ConvolutionSpec spec = ConvolutionSpec.of(a);
        FakeTensor weight = a.tensor(1);
        List<SymInt> before = new ArrayList<>();
        List<SymInt> after = new ArrayList<>();
        for (int d = 0; d < spec.dims(); d++) {
            SymInt reach = spec.dilation().get(d).times(weight.size(d + 2).plus(-1));
            before.add(reach.minus(spec.padding().get(d)));
            after.add(before.get(d).plus(spec.outputPadding().get(d)));
        }
        Arg.Ref spread = Windows.pad(e, Windows.spread(e, Emit.ref(a, 0), spec.stride()), before, after, 0);
        return e.call("convolution.default", spread, exchanged(e, Emit.ref(a, 1), spec.groups(), true), a.arg(2),
            Arg.ints(1), Arg.ints(0), a.arg(5), false, Arg.ints(0), spec.groups());
    }

    /** A weight [A, B, kernel..] as [groups B, A / groups, kernel..], the kernel reversed or not. */
    static Arg.Ref exchanged(Emit e, Arg.Ref weight, long groups, boolean reversed) {
        List<SymInt> sizes = e.tensor(weight).sizes();
        SymInt inner = sizes.getFirst().floorDiv(SymInt.of(groups));
        List<SymInt> kernel = sizes.subList(2, sizes.size());
        List<SymInt> split = new ArrayList<>(List.of(SymInt.of(groups), inner, sizes.get(1)));
        split.addAll(kernel);
        List<Integer> order = new ArrayList<>(IntStream.range(0, split.size()).boxed().toList());
        Collections.swap(order, 1, 2);
        List<SymInt> joined = new ArrayList<>(List.of(sizes.get(1).times(groups), inner));
        joined.addAll(kernel);
        Arg.Ref turned = reversed ? e.call("flip.default", weight,
            IntStream.range(2, sizes.size()).boxed().toList()) : weight;
        return e.view(e.permute(e.view(turned, split), order), joined);
    }
}
