package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.ComplexNumbers;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpOverload;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which operators have derivatives, and which. An op without a rule takes those of its decomposition. */
public final class Derivatives {
    /** The rule of ops whose outputs do not change smoothly. */
    static final Derivative STOP = b -> { };

    private static final Set<String> SINGLE = new HashSet<>();
    private static final Set<String> COMPLEX = new HashSet<>();
    private static final Map<String, Derivative> RULES = load();

    private Derivatives() {
    }

    private static Map<String, Derivative> load() {
        Map<String, Derivative> rules = new HashMap<>();
        Rules all = new Rules(rules, SINGLE, COMPLEX);
        ArithmeticDerivatives.define(all);
        ContractionDerivatives.define(all);
        ConvolutionDerivatives.define(all);
        NormalizationDerivatives.define(all);
        ActivationDerivatives.define(all);
        PoolingDerivatives.define(all);
        LossDerivatives.define(all);
        EmbeddingDerivatives.define(all);
        AttentionDerivatives.define(all);
        RandomDerivatives.define(all);
        FourierDerivatives.define(all);
        PaddingDerivatives.define(all);
        DistanceDerivatives.define(all);
        FunctionDerivatives.define(all);
        PowerDerivatives.define(all);
        SelectionDerivatives.define(all);
        FlatDerivatives.define(all);
        ViewDerivatives.define(all);
        ReductionDerivatives.define(all);
        NormDerivatives.define(all);
        OrderDerivatives.define(all);
        ScanDerivatives.define(all);
        IndexingDerivatives.define(all);
        ScatterDerivatives.define(all);
        QuantizationDerivatives.define(all);
        return Map.copyOf(rules);
    }

    public static Optional<Derivative> find(OpOverload op) {
        return Optional.ofNullable(RULES.get(op.name()));
    }

    /**
     * What to rewrite a call into before gradients can pass through it; empty if it has a rule, or nothing helps. A call
     * with complex tensors becomes one on their parts unless its rule takes them.
     */
    public static Optional<Decomposition> decomposition(Node.Call call, OpArgs args) {
        return Forms.find(call, args).or(() -> COMPLEX.contains(call.op().name()) ? Optional.empty()
            : ComplexNumbers.decomposition(call.op(), args).or(() -> find(call.op()).isPresent() ? Optional.empty()
                : Decompositions.find(call.op())));
    }

    public static Differentiability of(OpOverload op) {
        Optional<Derivative> rule = find(op);
        if (rule.isPresent()) {
            return rule.get() == STOP ? Differentiability.NONE : Differentiability.RULE;
        }
        return Forms.has(op.name()) || Decompositions.find(op).isPresent() ? Differentiability.DECOMPOSITION
            : Differentiability.MISSING;
    }

    /** Whether gradients can pass through an output: it is a floating number, and the op does not stop them. */
    public static boolean passes(Node.Call call, int output) {
        FakeTensor tensor = call.output(output);
        return (tensor.dtype().isFloating() || tensor.dtype().isComplex()) && of(call.op()) != Differentiability.NONE
            && (output == 0 || !SINGLE.contains(call.op().name()));
    }
}
