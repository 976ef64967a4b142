package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Sampling grids, columns to images, cropping about the centre, and local response normalisation. */
final class SpatialImports {
    private SpatialImports() {
    }

    static void register(Registry r) {
        r.tensor("GridSample", SpatialImports::gridSample);
        r.tensor("AffineGrid", n -> n.call("aten.affine_grid_generator.default", n.tensor(0), n.sizes(1, "size"),
            n.attributes().flag("align_corners", false)));
        r.tensor("Col2Im", SpatialImports::columnsToImage);
        r.tensor("CenterCropPad", SpatialImports::centerCropPad);
        r.tensor("LRN", SpatialImports::localResponse);
    }

    private static Arg.Ref gridSample(NodeImport n) {
        if (n.rank(n.tensor(0)) != 4) {
            throw new KilnException.Unsupported("only images [N, C, H, W] are supported, got " + n.type(n.tensor(0)));
        }
        String mode = n.attributes().string("mode", "linear");
        String padding = n.attributes().string("padding_mode", "zeros");
        int interpolation = switch (mode) {
            case "bilinear", "linear" -> 0;
            case "nearest" -> 1;
            case "bicubic", "cubic" -> 2;
            default -> throw new KilnException.BadInput("mode '" + mode + "' is none of linear, nearest, cubic");
        };
        int outside = List.of("zeros", "border", "reflection").indexOf(padding);
        if (outside < 0) {
            throw new KilnException.BadInput("padding_mode '" + padding + "' is none of zeros, border, reflection");
        }
        return n.call("aten.grid_sampler_2d.default", n.tensor(0), n.cast(n.tensor(1), n.dtype(n.tensor(0))),
            interpolation, outside, n.attributes().flag("align_corners", false));
    }

    /** The image with its padding, cropped afterwards. */
    private static Arg.Ref columnsToImage(NodeImport n) {
        List<SymInt> image = n.sizes(1, "image_shape");
        List<SymInt> block = n.sizes(2, "block_shape");
        if (image.size() != 2 || block.size() != 2) {
            throw new KilnException.Unsupported("only images of two dimensions are supported, got " + image);
        }
        WindowSpec spec = WindowSpec.of(n, image, block);
        List<SymInt> padded = IntStream.range(0, 2).mapToObj(d -> image.get(d).plus(spec.before().get(d))
            .plus(spec.after().get(d))).toList();
        Arg.Ref whole = n.call("aten.col2im.default", n.tensor(0), padded, block, spec.dilations(),
            List.of(SymInt.ZERO, SymInt.ZERO), spec.strides());
        List<SymInt> pads = WindowSpec.pairs(spec.before(), spec.after()).stream().map(SymInt::negate).toList();
        return pads.stream().allMatch(p -> p.is(0)) ? whole : n.call("aten.constant_pad_nd.default", whole, pads, 0);
    }

    private static Arg.Ref centerCropPad(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int rank = n.rank(x);
        int[] axes = n.attributes().integers("axes").map(a -> n.dims(a, rank))
            .orElse(IntStream.range(0, rank).toArray());
        List<SymInt> wanted = n.sizes(1, "shape");
        if (wanted.size() != axes.length) {
            throw new KilnException.BadInput(wanted.size() + " sizes for " + axes.length + " axes");
        }
        SymInt[] pads = new SymInt[2 * rank];
        Arrays.fill(pads, SymInt.ZERO);
        for (int i = 0; i < axes.length; i++) {
            SymInt more = wanted.get(i).minus(n.type(x).size(axes[i]));
            boolean crops = n.shapes().less(more, SymInt.ZERO);
            SymInt half = (crops ? more.negate() : more).floorDiv(SymInt.of(2));
            int position = 2 * (rank - 1 - axes[i]);
            pads[position] = crops ? half.negate() : half;
            pads[position + 1] = more.minus(pads[position]);
        }
        return n.call("aten.constant_pad_nd.default", x, List.of(pads), 0);
    }

    /** x / (bias + alpha / size * sum of the squares of the neighbouring channels)^beta. */
    private static Arg.Ref localResponse(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long size = n.attributes().requireInteger("size");
        if (size < 1) {
            throw new KilnException.BadInput("attribute 'size' must be positive, is " + size);
        }
        List<SymInt> pads = new ArrayList<>(Collections.nCopies(2 * (n.rank(x) - 1), SymInt.ZERO));
        pads.set(pads.size() - 2, SymInt.of((size - 1) / 2));
        pads.set(pads.size() - 1, SymInt.of(size / 2));
        Arg.Ref squares = n.call("aten.constant_pad_nd.default", n.call("aten.mul.Tensor", x, x), pads, 0);
        Arg.Ref sum = null;
        for (long i = 0; i < size; i++) {
            Arg.Ref neighbour = n.call("aten.slice.Tensor", squares, 1, i, n.type(x).size(1).plus(i));
            sum = sum == null ? neighbour : n.call("aten.add.Tensor", sum, neighbour);
        }
        double alpha = n.attributes().real("alpha", 0.0001f);
        Arg.Ref base = n.call("aten.add.Scalar", n.call("aten.mul.Scalar", sum, alpha / size),
            n.attributes().real("bias", 1));
        return n.call("aten.div.Tensor", x, n.call("aten.pow.Tensor_Scalar", base,
            (double) n.attributes().real("beta", 0.75f)));
    }
}
