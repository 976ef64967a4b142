package dev.kiln.ops.derivative;

import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Calls that take another form where gradients pass: one that gives what the gradients need as well. */
final class Forms {
    private record Form(Predicate<OpArgs> applies, Decomposition decomposition) {
    }

    private static final Map<String, Form> FORMS = load();

    private Forms() {
    }

    private static Map<String, Form> load() {
        Map<String, Form> forms = new HashMap<>();
        for (int dims = 1; dims <= 3; dims++) {
            String name = "max_pool" + dims + "d";
            forms.put("aten." + name + ".default", always((g, a) -> List.of(new Emit(g)
                .call(name + "_with_indices.default", a.values().toArray()))));
        }
        forms.put("aten.dropout.default", always((g, a) -> {
            Emit e = new Emit(g);
            boolean drops = a.bool(2) && a.real(1) != 0;
            return List.of(drops ? e.call("native_dropout.default", a.arg(0), a.arg(1), true)
                : e.unary("alias", Emit.ref(a, 0)));
        }));
        forms.put("aten.cdist.default", always((g, a) -> List.of(new Emit(g).call("_cdist_forward.default",
            a.values().toArray()))));
        forms.put(Decompositions.ATTENTION, new Form(a -> a.real(4) != 0, Decompositions.attentionWithDropout()));
        forms.put(RecurrentOps.RECURRENT, always(Decompositions.recurrentSteps()));
        return Map.copyOf(forms);
    }

    private static Form always(Decomposition decomposition) {
        return new Form(a -> true, decomposition);
    }

    static Optional<Decomposition> find(Node.Call call, OpArgs args) {
        return Optional.ofNullable(FORMS.get(call.op().name())).filter(f -> f.applies.test(args)).map(Form::decomposition);
    }

    static boolean has(String name) {
        return FORMS.containsKey(name);
    }
}
