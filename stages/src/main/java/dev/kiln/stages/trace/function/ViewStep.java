package dev.kiln.stages.trace.function;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** How a view is made of its base, and how the base looks after the view was written. */
record ViewStep(String overload, List<Object> rest) {

    static ViewStep of(String overload, Object... rest) {
        return new ViewStep("aten." + overload, List.of(rest));
    }

    Arg.Ref apply(GraphBuilder g, Arg.Ref base) {
        return call(g, overload, base);
    }

    /** Whether {@link #invert} knows a way; else a write goes by the strides of the memory. */
    boolean hasInverse() {
        return !overload.equals("aten.expand.default") && !overload.equals("aten.unfold.default");
    }

    /** The base after {@code value} was written to the view. */
    Arg.Ref invert(GraphBuilder g, Arg.Ref base, Arg.Ref value) {
        return switch (overload) {
            case "aten.alias.default", "aten.detach.default" -> value;
            case "aten.view.default", "aten.squeeze.default", "aten.squeeze.dim", "aten.squeeze.dims" ->
                g.call("aten.view.default", value, g.tensor(base).sizes());
            case "aten.unsqueeze.default" -> call(g, "aten.squeeze.dim", value);
            case "aten.transpose.int", "aten.t.default" -> call(g, overload, value);
            case "aten.permute.default" -> g.call(overload, value, inverse(rank(g, base)));
            case "aten.slice.Tensor" -> call(g, "aten.slice_scatter.default", base, value);
            case "aten.select.int" -> call(g, "aten.select_scatter.default", base, value);
            case "aten.diagonal.default" -> call(g, "aten.diagonal_scatter.default", base, value);
            case "aten.as_strided.default" -> call(g, "aten.as_strided_scatter.default", base, value);
            case "aten.view_as_real.default" -> g.call("aten.view_as_complex.default", value);
            case "aten.view_as_complex.default" -> g.call("aten.view_as_real.default", value);
            default -> throw new KilnException.Unsupported("writing to what " + overload + " gives is not supported");
        };
    }

    private static int rank(GraphBuilder g, Arg.Ref ref) {
        return g.tensor(ref).rank();
    }

    private Arg.Ref call(GraphBuilder g, String name, Arg.Ref... tensors) {
        List<Object> args = new ArrayList<>(List.of(tensors));
        args.addAll(rest);
        return g.call(name, args.toArray());
    }

    private List<SymInt> inverse(int rank) {
        SymInt[] inverse = new SymInt[rank];
        List<SymInt> dims = ((Arg.Ints) rest.getFirst()).values();
        for (int i = 0; i < rank; i++) {
            int dim = (int) dims.get(i).asLong();
            inverse[dim < 0 ? dim + rank : dim] = SymInt.of(i);
        }
        return List.of(inverse);
    }
}
