package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Convolutions. */
final class ConvolutionImports {
    private ConvolutionImports() {
    }

    static void register(Registry r) {
        r.tensor("Conv", n -> convolution(n, n.tensor(0), n.tensor(1), n.optionalTensor(2)));
        r.tensor("ConvTranspose", ConvolutionImports::transposed);
    }

    private static List<SymInt> image(NodeImport n, Arg.Ref x) {
        int rank = n.rank(x);
        if (rank < 3 || rank > 5) {
            throw new KilnException.Unsupported("a tensor [N, C, spatial..] with one to three spatial dimensions "
                + "expected, got " + n.type(x));
        }
        return n.type(x).sizes().subList(2, rank);
    }

    /** What the weight says, checked against the attribute. */
    private static List<SymInt> kernel(NodeImport n, Arg.Ref weight, int dims) {
        if (n.rank(weight) != dims + 2) {
            throw new KilnException.BadInput("the weight " + n.type(weight) + " does not fit " + dims
                + " spatial dimensions");
        }
        List<SymInt> kernel = n.type(weight).sizes().subList(2, dims + 2);
        List<SymInt> given = WindowSpec.numbers(n, "kernel_shape", dims, 0);
        for (int d = 0; d < dims; d++) {
            if (n.attributes().has("kernel_shape")) {
                n.shapes().require(given.get(d), kernel.get(d), "kernel_shape and the weight's sizes");
            }
        }
        return kernel;
    }

    static Arg.Ref convolution(NodeImport n, Arg.Ref x, Arg.Ref weight, Arg.Ref bias) {
        List<SymInt> image = image(n, x);
        WindowSpec spec = WindowSpec.of(n, image, kernel(n, weight, image.size()));
        boolean symmetric = spec.isSymmetric();
        Arg.Ref padded = symmetric ? x : n.call("aten.constant_pad_nd.default", x,
            WindowSpec.pairs(spec.before(), spec.after()), 0);
        List<SymInt> none = Collections.nCopies(image.size(), SymInt.ZERO);
        return n.call("aten.convolution.default", padded, weight, bias, spec.strides(),
            symmetric ? spec.before() : none, spec.dilations(), false, none, n.attributes().integer("group", 1));
    }

    /** Equal paddings on both sides are the op's own; others crop (or, if negative, pad) its whole result. */
    private static Arg.Ref transposed(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        Arg.Ref weight = n.tensor(1);
        Arg.Ref bias = n.optionalTensor(2);
        List<SymInt> image = image(n, x);
        List<SymInt> more = WindowSpec.numbers(n, "output_padding", image.size(), 0);
        WindowSpec spec = cropped(n, image, kernel(n, weight, image.size()), more);
        List<SymInt> none = Collections.nCopies(image.size(), SymInt.ZERO);
        boolean symmetric = spec.isSymmetric();
        Arg.Ref result = n.call("aten.convolution.default", x, weight, symmetric ? bias : null, spec.strides(),
            symmetric ? spec.before() : none, spec.dilations(), true, more, n.attributes().integer("group", 1));
        if (symmetric) {
            return result;
        }
        List<SymInt> pads = WindowSpec.pairs(spec.before(), spec.after()).stream().map(SymInt::negate).toList();
        result = n.call("aten.constant_pad_nd.default", result, pads, 0);
        return bias == null ? result
            : n.call("aten.add.Tensor", result, NormalizationImports.channels(n, bias, n.rank(x)));
    }

    /** The paddings of a transposed convolution: given, or what leads to the output's wanted size. */
    private static WindowSpec cropped(NodeImport n, List<SymInt> image, List<SymInt> kernel, List<SymInt> more) {
        int dims = image.size();
        String mode = n.attributes().string("auto_pad", "NOTSET");
        boolean sized = n.attributes().has("output_shape");
        if (!sized && !mode.startsWith("SAME")) {
            return WindowSpec.of(n, image, kernel);
        }
        List<SymInt> strides = WindowSpec.numbers(n, "strides", dims, 1);
        List<SymInt> dilations = WindowSpec.numbers(n, "dilations", dims, 1);
        List<SymInt> before = new ArrayList<>();
        List<SymInt> after = new ArrayList<>();
        List<SymInt> wanted = sized ? outputShape(n, dims) : null;
        for (int d = 0; d < dims; d++) {
            SymInt out = sized ? wanted.get(d) : image.get(d).times(strides.get(d));
            SymInt total = strides.get(d).times(image.get(d).plus(-1)).plus(more.get(d))
                .plus(WindowSpec.span(kernel.get(d), dilations.get(d))).minus(out);
            SymInt half = total.floorDiv(SymInt.of(2));
            before.add(mode.equals("SAME_UPPER") ? half : total.minus(half));
            after.add(total.minus(before.get(d)));
        }
        return new WindowSpec(kernel, strides, dilations, before, after);
    }

    /** Some models list the batch and the channels too. */
    private static List<SymInt> outputShape(NodeImport n, int dims) {
        int given = n.attributes().requireIntegers("output_shape").length;
        List<SymInt> all = WindowSpec.numbers(n, "output_shape", given == dims + 2 ? given : dims, 0);
        return all.subList(all.size() - dims, all.size());
    }
}
