package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Windows as columns and back, and the moves between channels and space. */
final class Folding {
    private Folding() {
    }

    static void define(Definitions d) {
        d.op("im2col.default(Tensor self, int[] kernel_size, int[] dilation, int[] padding, int[] stride)"
            + " -> Tensor", Folding::columns);
        d.op("col2im.default(Tensor self, SymInt[] output_size, int[] kernel_size, int[] dilation, int[] padding, "
            + "int[] stride) -> Tensor", Folding::image);
        d.op("pixel_unshuffle.default(Tensor self, int downscale_factor) -> Tensor", Folding::pixelUnshuffle);
        d.op("channel_shuffle.default(Tensor self, SymInt groups) -> Tensor", Folding::channelShuffle);
    }

    private record Grid(long[] kernel, List<SymInt> dilation, List<SymInt> padding, List<SymInt> stride,
            List<SymInt> windows) {

        /** @param at the kernel's position among the arguments, then dilation, padding and stride */
        static Grid of(OpArgs a, int at, List<SymInt> image) {
            List<SymInt> kernel = ConvolutionSpec.each(a, at, 2);
            List<SymInt> dilation = ConvolutionSpec.each(a, at + 1, 2);
            List<SymInt> padding = ConvolutionSpec.each(a, at + 2, 2);
            List<SymInt> stride = ConvolutionSpec.each(a, at + 3, 2);
            List<SymInt> windows = IntStream.range(0, 2).mapToObj(d -> ConvolutionSpec.windows(image.get(d),
                kernel.get(d), stride.get(d), padding.get(d), dilation.get(d))).toList();
            if (windows.stream().anyMatch(w -> a.shapes().less(w, SymInt.ONE))) {
                throw a.error("the window " + kernel + " does not fit the image " + image);
            }
            return new Grid(kernel.stream().mapToLong(SymInt::asLong).toArray(), dilation, padding, stride, windows);
        }

        SymInt places() {
            return SymInt.of(kernel[0] * kernel[1]);
        }
    }

    /** [N, C, H, W] to [N, C window, windows]. */
    private static Arg.Ref columns(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int lead = self.rank() - 3;
        if (lead < 0 || lead > 1) {
            throw a.error("a tensor [C, H, W] or [N, C, H, W] expected, got " + self);
        }
        Grid grid = Grid.of(a, 1, self.sizes().subList(lead + 1, lead + 3));
        Arg.Ref padded = Windows.pad(e, Emit.ref(a, 0), grid.padding, grid.padding, 0);
        List<Arg.Ref> taps = Windows.taps(e, padded, grid.kernel, grid.stride, grid.dilation, grid.windows).stream()
            .map(t -> e.unsqueeze(t, lead + 1)).toList();
        List<SymInt> sizes = new ArrayList<>(self.sizes().subList(0, lead));
        sizes.add(self.size(lead).times(grid.places()));
        sizes.add(SymInt.product(grid.windows));
        return e.view(e.cat(taps, lead + 1), sizes);
    }

    /** [N, C window, windows] to [N, C, H, W], what meets is added. */
    private static Arg.Ref image(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int lead = self.rank() - 2;
        List<SymInt> image = a.sizes(1);
        if (lead < 0 || lead > 1 || image.size() != 2) {
            throw a.error("a tensor [N, C window, windows] and an image of two sizes expected, got " + self + ", "
                + image);
        }
        Grid grid = Grid.of(a, 2, image);
        a.shapes().require(self.size(lead + 1), SymInt.product(grid.windows), a.schema().name() + ", windows");
        if (!self.size(lead).mod(grid.places()).is(0)) {
            throw a.error(self.size(lead) + " rows are no multiple of the window's " + grid.places() + " places");
        }
        List<SymInt> split = new ArrayList<>(self.sizes().subList(0, lead));
        split.addAll(List.of(self.size(lead).floorDiv(grid.places()), grid.places()));
        split.addAll(grid.windows);
        Arg.Ref x = e.view(Emit.ref(a, 0), split);
        Arg.Ref sum = null;
        List<long[]> places = Windows.places(grid.kernel);
        for (int i = 0; i < places.size(); i++) {
            Windows.Owner owner = Windows.owner(e, image, places.get(i), grid.stride, grid.padding, grid.dilation,
                grid.windows);
            Arg.Ref tap = Windows.pick(e, e.call("select.int", x, lead + 1, i), owner, image);
            Arg.Ref term = e.where(owner.valid(), tap, e.number(0, self.dtype()));
            sum = sum == null ? term : e.add(sum, term);
        }
        return sum;
    }

    /** (*, c, h r, w r) to (*, c r r, h, w). */
    private static Arg.Ref pixelUnshuffle(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int n = self.rank() - 3;
        SymInt r = SymInt.of(a.integer(1));
        if (n < 0 || a.integer(1) < 1 || !self.size(n + 1).mod(r).is(0) || !self.size(n + 2).mod(r).is(0)) {
            throw a.error("factor " + r + " does not fit " + self);
        }
        SymInt height = self.size(n + 1).floorDiv(r);
        SymInt width = self.size(n + 2).floorDiv(r);
        List<SymInt> split = new ArrayList<>(self.sizes().subList(0, n + 1));
        split.addAll(List.of(height, r, width, r));
        List<Integer> order = new ArrayList<>(IntStream.range(0, n + 1).boxed().toList());
        order.addAll(List.of(n + 2, n + 4, n + 1, n + 3));
        List<SymInt> out = new ArrayList<>(self.sizes().subList(0, n));
        out.addAll(List.of(self.size(n).times(r).times(r), height, width));
        return e.view(e.permute(e.view(Emit.ref(a, 0), split), order), out);
    }

    private static Arg.Ref channelShuffle(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        if (self.rank() < 3 || a.shapes().less(a.size(1), SymInt.ONE) || !self.size(1).mod(a.size(1)).is(0)) {
            throw a.error(a.size(1) + " groups do not fit " + self);
        }
        List<SymInt> split = new ArrayList<>(List.of(self.size(0), a.size(1), self.size(1).floorDiv(a.size(1))));
        split.addAll(self.sizes().subList(2, self.rank()));
        List<Integer> order = new ArrayList<>(IntStream.range(0, split.size()).boxed().toList());
        order.set(1, 2);
        order.set(2, 1);
        return e.view(e.permute(e.view(Emit.ref(a, 0), split), order), self.sizes());
    }
}
