package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.SymInt;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Random tensors: each element is a function of a seed and of its own counter, so it depends neither on threads nor on
 * other elements. Without a {@link RandomStream} each call gives the numbers of seed 0.
 */
final class RandomDecompositions {
    private static final String OPTIONS = "*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
        + "bool? pin_memory=None";
    private static final String LONG = OPTIONS.replace("dtype=None", "dtype=long");
    /** By schema. */
    private static final Map<String, Body> BODIES = bodies();
    private static final Map<String, Body> BY_NAME = byName();

    private RandomDecompositions() {
    }

    @FunctionalInterface
    private interface Body {
        List<Arg.Ref> apply(Emit e, OpArgs a, RandomNumbers numbers);
    }

    static void define(Definitions d) {
        BODIES.forEach((schema, body) -> d.list(schema, (e, a) -> body.apply(e, a, new RandomNumbers(e, RandomStream.ofSeed(0)))));
    }

    /** The op's decomposition with numbers of a stream, if it is a random one. */
    static Optional<Decomposition> of(OpOverload op, RandomStream stream) {
        return Optional.ofNullable(BY_NAME.get(op.name())).map(body -> (g, a) -> body
            .apply(new Emit(g), a, new RandomNumbers(new Emit(g), stream)));
    }

    /** Whether calls of the op give other numbers than equal calls do. */
    static boolean isRandom(OpOverload op) {
        return BY_NAME.containsKey(op.name());
    }

    private static Map<String, Body> byName() {
        Map<String, Body> named = new HashMap<>();
        BODIES.forEach((schema, body) -> named.put("aten." + schema.substring(0, schema.indexOf('(')), body));
        return named;
    }

    private static Map<String, Body> bodies() {
        Map<String, Body> bodies = new LinkedHashMap<>();
        bodies.put("rand.default(SymInt[] size, " + OPTIONS + ") -> Tensor",
            (e, a, r) -> List.of(r.uniform(a.sizes(0), a.dtype(1).orElse(DType.F32))));
        bodies.put("randn.default(SymInt[] size, " + OPTIONS + ") -> Tensor",
            (e, a, r) -> List.of(r.normal(a.sizes(0), a.dtype(1).orElse(DType.F32))));
        bodies.put("rand_like.default(Tensor self, " + OPTIONS + ", MemoryFormat? memory_format=None) -> Tensor",
            (e, a, r) -> List.of(r.uniform(a.tensor(0).sizes(), a.dtype(1).orElse(a.tensor(0).dtype()))));
        bodies.put("randn_like.default(Tensor self, " + OPTIONS + ", MemoryFormat? memory_format=None) -> Tensor",
            (e, a, r) -> List.of(r.normal(a.tensor(0).sizes(), a.dtype(1).orElse(a.tensor(0).dtype()))));
        bodies.put("randint.default(SymInt high, SymInt[] size, " + LONG + ") -> Tensor",
            (e, a, r) -> List.of(r.integers(SymInt.ZERO, a.size(0), a.sizes(1), a.dtype(2).orElse(DType.I64))));
        bodies.put("randint.low(SymInt low, SymInt high, SymInt[] size, " + LONG + ") -> Tensor",
            (e, a, r) -> List.of(r.integers(a.size(0), a.size(1), a.sizes(2), a.dtype(3).orElse(DType.I64))));
        bodies.put("randperm.default(SymInt n, " + LONG + ") -> Tensor", (e, a, r) ->
            List.of(e.cast(e.call("argsort.default", r.longs(List.of(a.size(0)))), a.dtype(1).orElse(DType.I64))));
        bodies.put("bernoulli.default(Tensor self, *, Generator? generator=None) -> Tensor", (e, a, r) -> List.of(
            e.cast(e.call("lt.Tensor", r.uniform(a.tensor(0).sizes(), DType.F32), a.arg(0)), a.tensor(0).dtype())));
        bodies.put("bernoulli.p(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor", (e, a, r) ->
            List.of(e.cast(r.coins(a.tensor(0).sizes(), probability(a)), a.tensor(0).dtype())));
        bodies.put("native_dropout.default(Tensor input, float p, bool? train) -> (Tensor, Tensor)",
            (e, a, r) -> dropout(e, a, r, a.isNone(2) || a.bool(2)));
        bodies.put("dropout.default(Tensor input, float p, bool train) -> Tensor",
            (e, a, r) ->
            List.of(a.bool(2) ? dropout(e, a, r, true).getFirst() : e.unary("alias", Emit.ref(a, 0))));
        return bodies;
    }

    private static double probability(OpArgs a) {
        double p = a.real(1);
        if (!(p >= 0 && p <= 1)) {
            throw a.error("p must be from 0 to 1, got " + p);
        }
        return p;
    }

    /** What stays is scaled by 1 / (1 - p); and which elements stay. */
    private static List<Arg.Ref> dropout(Emit e, OpArgs a, RandomNumbers numbers, boolean train) {
        Arg.Ref input = Emit.ref(a, 0);
        double p = probability(a);
        List<SymInt> sizes = e.tensor(input).sizes();
        if (!train || p == 0) {
            return List.of(e.unary("clone", input), e.full(sizes, true, DType.BOOL));
        }
        Arg.Ref stays = p == 0 || p == 1 ? e.full(sizes, p == 0, DType.BOOL) : numbers.coins(sizes, 1 - p);
        Arg.Ref masked = e.mul(input, e.cast(stays, e.dtype(input)));
        return List.of(p == 1 ? masked : e.mul(masked, 1 / (1 - p)), stays);
    }
}
