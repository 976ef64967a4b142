package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Second names of ops: NumPy's, those of {@code torch.special}, Python's operators, and views that copy. */
final class AliasDecompositions {
    private static final String UNARY = ".default(Tensor self) -> Tensor";
    private static final String TENSOR = ".Tensor(Tensor self, Tensor other) -> Tensor";
    private static final String SCALAR = ".Scalar(Tensor self, Scalar other) -> Tensor";

    private static final Map<String, String> FUNCTIONS = new TreeMap<>(Map.ofEntries(
        Map.entry("absolute", "abs"), Map.entry("arccos", "acos"), Map.entry("arccosh", "acosh"),
        Map.entry("arcsin", "asin"), Map.entry("arcsinh", "asinh"), Map.entry("arctan", "atan"),
        Map.entry("arctanh", "atanh"), Map.entry("negative", "neg"), Map.entry("fix", "trunc"),
        Map.entry("special_erf", "erf"), Map.entry("special_erfc", "erfc"), Map.entry("special_expit", "sigmoid"),
        Map.entry("special_exp2", "exp2"), Map.entry("special_expm1", "expm1"), Map.entry("special_log1p", "log1p"),
        Map.entry("special_sinc", "sinc"), Map.entry("detach_copy", "clone"), Map.entry("alias_copy", "clone"),
        Map.entry("resolve_neg", "alias")));

    private static final List<String> COPIES = List.of(
        "view_copy.default(Tensor self, SymInt[] size) -> Tensor",
        "expand_copy.default(Tensor self, SymInt[] size, *, bool implicit=False) -> Tensor",
        "permute_copy.default(Tensor self, int[] dims) -> Tensor",
        "transpose_copy.int(Tensor self, int dim0, int dim1) -> Tensor",
        "t_copy.default(Tensor self) -> Tensor",
        "unsqueeze_copy.default(Tensor self, int dim) -> Tensor",
        "squeeze_copy.default(Tensor self) -> Tensor",
        "squeeze_copy.dim(Tensor self, int dim) -> Tensor",
        "squeeze_copy.dims(Tensor self, int[] dim) -> Tensor",
        "select_copy.int(Tensor self, int dim, SymInt index) -> Tensor",
        "slice_copy.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
        "diagonal_copy.default(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor",
        "unfold_copy.default(Tensor self, int dimension, int size, int step) -> Tensor",
        "as_strided_copy.default(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor");

    private static final List<String> LIST_COPIES = List.of(
        "split_copy.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]",
        "split_with_sizes_copy.default(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]",
        "unbind_copy.int(Tensor self, int dim=0) -> Tensor[]");

    private AliasDecompositions() {
    }

    static void define(Definitions d) {
        FUNCTIONS.forEach((name, op) -> d.op(name + UNARY, (e, a) -> e.unary(op, Emit.ref(a, 0))));
        COPIES.forEach(schema -> d.op(schema, (e, a) -> e.call(original(a), values(a))));
        LIST_COPIES.forEach(schema -> d.list(schema, (e, a) -> results(e, e.call(original(a), values(a)))));
        numbers(d);
        operators(d);
        more(d);
    }

    private static String original(OpArgs a) {
        return a.schema().name().substring("aten.".length()).replace("_copy", "");
    }

    private static Object[] values(OpArgs a) {
        List<Arg> values = new ArrayList<>(a.values());
        if (a.schema().name().equals("aten.expand_copy.default")) {
            values.removeLast();
        }
        return values.toArray();
    }

    private static List<Arg.Ref> results(Emit e, Arg.Ref first) {
        List<Arg.Ref> results = new ArrayList<>();
        for (int i = 0; i < e.g().node(first).outputs().size(); i++) {
            results.add(new Arg.Ref(first.node(), i));
        }
        return results;
    }

    /** The forms with a number of ops that are known with a tensor. */
    private static void numbers(Definitions d) {
        Map.of("multiply", "mul", "subtract", "sub", "divide", "div", "true_divide", "div", "greater", "gt",
            "greater_equal", "ge", "less", "lt", "less_equal", "le", "not_equal", "ne").forEach((name, op) ->
                d.op(name + SCALAR, (e, a) -> e.call(op + ".Scalar", a.arg(0), a.arg(1))));
        for (String other : List.of("Tensor", "Scalar")) {
            d.op("divide." + other + "_mode(Tensor self, " + other + " other, *, str? rounding_mode) -> Tensor",
                (e, a) -> e.call("div." + other + "_mode", a.arg(0), a.arg(1), a.arg(2)));
        }
    }

    private static void operators(Definitions d) {
        Map.of("__and__", "bitwise_and", "__or__", "bitwise_or", "__xor__", "bitwise_xor").forEach((name, op) -> {
            d.op(name + TENSOR, (e, a) -> e.call(op + ".Tensor", a.arg(0), a.arg(1)));
            d.op(name + SCALAR, (e, a) -> e.call(op + ".Scalar", a.arg(0), a.arg(1)));
        });
        Map.of("__lshift__", "bitwise_left_shift", "__rshift__", "bitwise_right_shift").forEach((name, op) -> {
            d.op(name + TENSOR, (e, a) -> e.call(op + ".Tensor", a.arg(0), a.arg(1)));
            d.op(name + SCALAR, (e, a) -> e.call(op + ".Tensor_Scalar", a.arg(0), a.arg(1)));
        });
    }

    private static void more(Definitions d) {
        d.op("arctan2.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.call("atan2.default", a.arg(0), a.arg(1)));
        d.op("special_xlogy.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.call("xlogy.Tensor", a.arg(0), a.arg(1)));
        d.op("special_logit.default(Tensor self, float? eps=None) -> Tensor",
            (e, a) -> e.call("logit.default", a.arg(0), a.arg(1)));
        d.op("special_round.default(Tensor self, *, int decimals=0) -> Tensor",
            (e, a) -> e.call("round.decimals", a.arg(0), a.arg(1)));
        d.op("special_softmax.default(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("softmax.int", a.arg(0), a.arg(1), a.arg(2)));
        d.op("special_log_softmax.default(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("log_softmax.int", a.arg(0), a.arg(1), a.arg(2)));
        d.op("special_logsumexp.default(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
            (e, a) -> e.call("logsumexp.default", a.arg(0), a.arg(1), a.arg(2)));
        d.op("concatenate.default(Tensor[] tensors, int dim=0) -> Tensor",
            (e, a) -> e.call("cat.default", a.arg(0), a.arg(1)));
        d.op("clip.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor",
            (e, a) -> e.call("clamp.Tensor", a.arg(0), a.arg(1), a.arg(2)));
        d.op("max.other(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.call("maximum.default", a.arg(0), a.arg(1)));
        d.op("min.other(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.call("minimum.default", a.arg(0), a.arg(1)));
        d.op("zero.default(Tensor self) -> Tensor",
            (e, a) -> e.full(a.tensor(0).sizes(), 0, a.tensor(0).dtype()));
    }
}
