package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.stream.LongStream;

/** Which operators give back part of their first argument's memory, and how such a part is written back. */
final class Views {
    private static final Set<String> SAME = Set.of("alias", "detach", "detach_", "lift_fresh", "positive", "dropout",
        "feature_dropout", "alpha_dropout", "requires_grad", "_conj", "to", "type_as", "contiguous");
    private static final Set<String> RESHAPED = Set.of("view", "unsqueeze", "squeeze", "unflatten", "view_as",
        "_reshape_alias", "reshape", "reshape_as", "flatten");
    private static final Set<String> PARTS = Set.of("split", "split_with_sizes", "chunk", "tensor_split");
    /** Their results share memory, but what is written to them is not written back. */
    private static final Set<String> READ_ONLY = Set.of("expand", "expand_as", "broadcast_to", "as_strided", "unfold",
        "movedim", "moveaxis");
    private static final Set<String> TRANSPOSED = Set.of("transpose", "swapaxes", "swapdims", "t", "mT", "numpy_T");
    private static final Set<String> CUT = Set.of("slice", "narrow", "select", "unbind", "diagonal", "permute");

    private final NodeCall call;
    private final String packet;
    private final Translator translator;
    private final List<Bound> results;

    Views(NodeCall call, Translator translator, List<Bound> results) {
        this.call = call;
        this.translator = translator;
        this.results = results;
        String[] parts = Targets.name(call.node().target()).split("\\.");
        String name = parts.length == 3 && parts[0].equals("aten") ? parts[1] : "";
        packet = name.endsWith("_") && !name.equals("detach_") ? name.substring(0, name.length() - 1) : name;
    }

    /** How a result is part of the first argument's memory; empty if it has memory of its own. */
    Optional<View> of(int result) {
        boolean view = OpTable.find(Targets.name(call.node().target())).map(op -> op.kind() == OpKind.VIEW)
            .orElse(false);
        if (SAME.contains(packet) || RESHAPED.contains(packet)) {
            return shares().map(shares -> shares ? Optional.of(view(result)) : Optional.<View>empty())
                .orElse(Optional.of(View.UNKNOWN));
        }
        boolean known = READ_ONLY.contains(packet) || PARTS.contains(packet) || TRANSPOSED.contains(packet)
            || CUT.contains(packet);
        return known ? Optional.of(view(result)) : view ? Optional.of(View.UNKNOWN) : Optional.empty();
    }

    private View view(int result) {
        return new View(() -> ref(translator.translate(call).get(result)), written(result));
    }

    private static Arg.Ref ref(Bound bound) {
        return (Arg.Ref) ((Bound.Plain) bound).arg();
    }

    /** Whether an operator that copies only where it must gives its argument's memory back; empty if that is open. */
    private Optional<Boolean> shares() {
        return switch (packet) {
            case "to", "type_as" -> Optional.of(
                call.dtype(call.tensor("self", 0)) == call.dtype(ref(results.getFirst()))
                && !call.arg("copy", new Arg.Bool(false)).equals(new Arg.Bool(true)));
            case "contiguous" -> isDense();
            case "reshape", "reshape_as", "flatten" -> isDense().filter(dense -> dense);
            default -> Optional.of(true);
        };
    }

    /** Whether the first argument lies in row-major order, as far as the file says. */
    private Optional<Boolean> isDense() {
        TensorMeta meta = call.argument(0) instanceof Argument.Tensor(String name)
            ? call.scope().graph().tensors().get(name) : null;
        if (meta == null || meta.strides().size() != meta.sizes().size()) {
            return Optional.empty();
        }
        try {
            List<SymInt> strides = meta.strides().stream().map(call.symbols()::size).toList();
            return Optional.of(strides.equals(FakeTensor.contiguousStrides(meta.sizes().stream()
                .map(call.symbols()::size).toList())));
        } catch (KilnException e) {
            return Optional.empty();
        }
    }

    /** How a part is written back; null for those that are only read. */
    private BinaryOperator<Arg.Ref> written(int result) {
        if (packet.equals("view") && Targets.name(call.node().target()).endsWith(".dtype")) {
            return null;
        }
        if (SAME.contains(packet)) {
            return (whole, part) -> part;
        }
        if (RESHAPED.contains(packet)) {
            return (whole, part) -> call.call("aten.reshape.default", part, call.type(whole).sizes());
        }
        return PARTS.contains(packet) ? (whole, part) -> writePart(result, whole, part)
            : TRANSPOSED.contains(packet) ? (whole, part) -> transposed(whole, part)
            : CUT.contains(packet) ? (whole, part) -> writeCut(result, whole, part) : null;
    }

    private Arg dim() {
        return call.arg("dim", Arg.of(0));
    }

    private Arg.Ref writePart(int result, Arg.Ref whole, Arg.Ref part) {
        int rank = call.type(whole).rank();
        int dim = (int) Math.floorMod(((Arg.Int) dim()).value().asLong(), (long) rank);
        SymInt start = SymInt.ZERO;
        for (Bound before : results.subList(0, result)) {
            start = start.plus(call.type(ref(before)).size(dim));
        }
        SymInt end = start.plus(call.type(part).size(dim));
        return scattered(whole, part, Arg.of(dim), new Arg.Int(start), new Arg.Int(end));
    }

    private Arg.Ref scattered(Arg.Ref whole, Arg.Ref part, Arg dim, Arg start, Arg end) {
        return call.call("aten.slice_scatter.default", whole, part, dim, start, end, call.arg("step", Arg.of(1)));
    }

    private Arg.Ref writeCut(int result, Arg.Ref whole, Arg.Ref part) {
        return switch (packet) {
            case "slice" -> scattered(whole, part, dim(), call.arg("start", Arg.NONE), call.arg("end", Arg.NONE));
            case "narrow" -> {
                SymInt start = ((Arg.Int) call.arg(call.argument("start", 2))).value();
                SymInt length = ((Arg.Int) call.arg(call.argument("length", 3))).value();
                yield scattered(whole, part, call.arg(call.argument("dim", 1)), new Arg.Int(start),
                    new Arg.Int(start.plus(length)));
            }
            case "select" -> call.call("aten.select_scatter.default", whole, part, call.arg(call.argument("dim", 1)),
                call.arg(call.argument("index", 2)));
            case "unbind" -> call.call("aten.select_scatter.default", whole, part, dim(), result);
            case "diagonal" -> call.call("aten.diagonal_scatter.default", whole, part, call.arg("offset", Arg.of(0)),
                call.arg("dim1", Arg.of(0)), call.arg("dim2", Arg.of(1)));
            default -> call.call("aten.permute.default", part, inverse(call.type(whole).rank()));
        };
    }

    private long[] inverse(int rank) {
        List<SymInt> dims = ((Arg.Ints) call.arg(call.argument("dims", 1))).values();
        long[] inverse = new long[rank];
        for (int d = 0; d < rank; d++) {
            inverse[Math.floorMod((int) dims.get(d).asLong(), rank)] = d;
        }
        return inverse;
    }

    private Arg.Ref transposed(Arg.Ref whole, Arg.Ref part) {
        int rank = call.type(whole).rank();
        return switch (packet) {
            case "t", "numpy_T" -> call.call("aten.permute.default", part, reversed(rank));
            case "mT" -> call.call("aten.transpose.int", part, -2, -1);
            default -> call.call("aten.transpose.int", part, call.arg(call.argument(1)), call.arg(call.argument(2)));
        };
    }

    private static long[] reversed(int rank) {
        return LongStream.range(0, rank).map(d -> rank - 1 - d).toArray();
    }
}
