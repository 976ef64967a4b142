package dev.kiln.stages.trace.function;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Calls whose results share memory with their first argument, made of the few steps that {@link ViewStep} knows. An empty
 * answer means that the call computes something.
 */
final class ViewCalls {
    private static final Set<String> STEPS = Set.of("permute.default", "transpose.int", "t.default", "unsqueeze.default",
        "squeeze.default", "squeeze.dim", "squeeze.dims", "slice.Tensor", "select.int", "diagonal.default",
        "unfold.default", "expand.default", "view_as_real.default", "view_as_complex.default");
    private static final Set<String> ALL = Set.of("view.default", "_unsafe_view.default", "reshape.default",
        "flatten.using_ints", "unflatten.int", "ravel.default", "view_as.default", "reshape_as.default",
        "expand_as.default", "broadcast_to.default", "swapaxes.default", "swapdims.default", "movedim.int",
        "movedim.intlist", "moveaxis.int", "moveaxis.intlist", "narrow.default", "alias.default", "detach.default",
        "as_strided.default", "real.default", "imag.default", "positive.default", "resolve_conj.default",
        "resolve_neg.default", "lift.default", "contiguous.default", "to.dtype", "to.device", "to.other",
        "to.dtype_layout", "type_as.default", "split.Tensor", "split.sizes", "split_with_sizes.default", "chunk.default",
        "tensor_split.sections", "tensor_split.indices", "unbind.int");

    private final GraphBuilder g;
    private final View self;
    private final OpOverload op;
    private final OpArgs args;
    private final String name;

    private ViewCalls(GraphBuilder g, View self, OpOverload op, List<Arg> complete) {
        this.g = g;
        this.self = self;
        this.op = op;
        name = name(op);
        Arg.Ref ref = self.value(g);
        args = new OpArgs(op.schema(), complete, r -> r.equals(ref) ? self.layout() : g.tensor(r), g.shapes());
    }

    private static String name(OpOverload op) {
        return op.name().substring("aten.".length());
    }

    /** Whether results of the op may share memory with its first argument. */
    static boolean mayView(OpOverload op) {
        return op.name().startsWith("aten.") && (STEPS.contains(name(op)) || ALL.contains(name(op)));
    }

    /** The results; {@code self} itself among them where PyTorch gives back the same tensor. */
    static Optional<List<View>> of(GraphBuilder g, View self, OpOverload op, List<Arg> complete) {
        return new ViewCalls(g, self, op, complete).views();
    }

    private Optional<List<View>> views() {
        if (STEPS.contains(name)) {
            return one(step());
        }
        return switch (name) {
            case "view.default", "_unsafe_view.default", "view_as.default" -> one(reshaped().orElseThrow(() -> args.error(
                "the strides of the tensor do not allow a view of sizes " + inferred().sizes() + ": use reshape")));
            case "reshape.default", "flatten.using_ints", "unflatten.int", "ravel.default", "reshape_as.default" ->
                reshaped().map(List::of);
            case "expand_as.default", "broadcast_to.default" -> one(expanded());
            case "swapaxes.default", "swapdims.default" ->
                one(then(ViewStep.of("transpose.int", args.arg(1), args.arg(2))));
            case "movedim.int", "movedim.intlist", "moveaxis.int", "moveaxis.intlist" -> one(moved());
            case "narrow.default" -> one(narrowed());
            case "alias.default", "detach.default" -> one(self.then(ViewStep.of(name), self.layout()));
            case "as_strided.default" -> one(strided());
            case "real.default", "imag.default" -> one(part(name.equals("real.default") ? 0 : 1));
            case "positive.default", "resolve_conj.default", "resolve_neg.default", "lift.default" -> one(self);
            case "contiguous.default" -> self.layout().isContiguous() ? one(self) : Optional.empty();
            case "to.dtype", "to.device", "to.other", "to.dtype_layout", "type_as.default" ->
                copies() || inferred().dtype() != self.layout().dtype() ? Optional.empty() : one(self);
            case "unbind.int" -> Optional.of(unbound());
            default -> Optional.of(split());
        };
    }

    private static Optional<List<View>> one(View view) {
        return Optional.of(List.of(view));
    }

    private ShapeEnv shapes() {
        return g.shapes();
    }

    private FakeTensor inferred() {
        return op.outputs(args).getFirst();
    }

    /** The op itself as a step. */
    private View step() {
        FakeTensor layout = switch (name) {
            case "view_as_real.default" -> scaled(inferred(), 2);
            case "view_as_complex.default" -> scaled(inferred(), -2);
            default -> inferred();
        };
        List<Object> rest = new ArrayList<>(args.values().subList(1, args.count()));
        return self.then(new ViewStep(op.name(), rest), layout);
    }

    /** The places of parts of complex numbers, or of complex numbers made of parts. */
    private FakeTensor scaled(FakeTensor seen, int factor) {
        UnaryOperator<SymInt> scale = s -> factor > 0 ? s.times(factor) : s.floorDiv(SymInt.of(-factor));
        List<SymInt> strides = new ArrayList<>();
        self.layout().strides().forEach(s -> strides.add(scale.apply(s)));
        if (factor > 0) {
            strides.add(SymInt.ONE);
        } else {
            strides.removeLast();
        }
        return seen.view(seen.sizes(), strides, scale.apply(self.layout().offset()));
    }

    private View then(ViewStep step) {
        return then(self, step);
    }

    private View then(View base, ViewStep step) {
        OpOverload stepOp = OpTable.get(step.overload());
        List<Arg> given = new ArrayList<>(List.of(base.value(g)));
        step.rest().forEach(r -> given.add(GraphBuilder.wrap(r)));
        List<Arg> complete = stepOp.schema().complete(given);
        ViewCalls call = new ViewCalls(g, base, stepOp, complete);
        return call.step();
    }

    private Optional<View> reshaped() {
        List<SymInt> sizes = inferred().sizes();
        return Reshape.view(self.layout(), sizes, shapes())
            .map(layout -> self.then(ViewStep.of("view.default", new Arg.Ints(sizes)), layout));
    }

    private View expanded() {
        return then(ViewStep.of("expand.default", new Arg.Ints(inferred().sizes())));
    }

    /** The sources leave their places, and come in again at the destinations. */
    private View moved() {
        int rank = self.layout().rank();
        int[] from = wrapped(args.arg(1), rank);
        int[] to = wrapped(args.arg(2), rank);
        Integer[] dims = new Integer[rank];
        List<Integer> others = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
        for (int i = 0; i < from.length; i++) {
            dims[to[i]] = from[i];
            others.remove(Integer.valueOf(from[i]));
        }
        for (int i = 0; i < rank; i++) {
            dims[i] = dims[i] == null ? others.removeFirst() : dims[i];
        }
        return then(ViewStep.of("permute.default", Arg.ints(Arrays.stream(dims).mapToLong(d -> d).toArray())));
    }

    private int[] wrapped(Arg dims, int rank) {
        inferred();
        List<SymInt> values = dims instanceof Arg.Int(SymInt one) ? List.of(one) : ((Arg.Ints) dims).values();
        return values.stream().mapToInt(v -> args.wrapDim(v.asLong(), rank)).toArray();
    }

    private View narrowed() {
        inferred();
        int dim = args.dim(1, self.layout().rank());
        SymInt start = args.size(2);
        SymInt from = shapes().less(start, SymInt.ZERO) ? start.plus(self.layout().size(dim)) : start;
        return sliced(dim, from, args.size(3));
    }

    private View sliced(int dim, SymInt start, SymInt length) {
        return then(ViewStep.of("slice.Tensor", Arg.of(dim), new Arg.Int(start), new Arg.Int(start.plus(length)),
            Arg.of(1)));
    }

    private View strided() {
        View root = self.root();
        if (root.layout().dtype() != self.layout().dtype()) {
            throw new KilnException.Unsupported("aten.as_strided of a view of another dtype is not supported");
        }
        Arg offset = args.isNone(3) ? new Arg.Int(self.layout().offset()) : args.arg(3);
        return then(root, ViewStep.of("as_strided.default", args.arg(1), args.arg(2), offset));
    }

    private View part(int index) {
        if (!self.layout().dtype().isComplex()) {
            inferred();
            return self;
        }
        View parts = then(ViewStep.of("view_as_real.default"));
        return then(parts, ViewStep.of("select.int", Arg.of(-1), Arg.of(index)));
    }

    private boolean copies() {
        return op.schema().parameters().stream().anyMatch(p -> p.name().equals("copy"))
            && args.bool(op.schema().indexOf("copy"));
    }

    private List<View> unbound() {
        int dim = args.dim(1, self.layout().rank());
        List<View> views = new ArrayList<>();
        for (int i = 0; i < op.outputs(args).size(); i++) {
            views.add(then(ViewStep.of("select.int", Arg.of(dim), Arg.of(i))));
        }
        return views;
    }

    private List<View> split() {
        int dim = args.dim(op.schema().indexOf("dim"), self.layout().rank());
        List<View> views = new ArrayList<>();
        SymInt start = SymInt.ZERO;
        for (FakeTensor part : op.outputs(args)) {
            views.add(sliced(dim, start, part.size(dim)));
            start = start.plus(part.size(dim));
        }
        return Collections.unmodifiableList(views);
    }
}
