package dev.kiln.ops.decompose;

import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which calls can be rewritten into simpler ones, and how. Every composite op has an entry. */
public final class Decompositions {
    public static final String ATTENTION = "aten.scaled_dot_product_attention.default";

    private static final Map<String, Decomposition> BY_NAME = load();

    private Decompositions() {
    }

    private static Map<String, Decomposition> load() {
        Map<String, Decomposition> decompositions = new HashMap<>();
        define(new Definitions(decompositions::put, (schema, decomposition) ->
            decompositions.put("aten." + schema.substring(0, schema.indexOf('(')), decomposition)));
        return Map.copyOf(decompositions);
    }

    private static void define(Definitions d) {
        ContractionDecompositions.define(d);
        ConvolutionDecompositions.define(d);
        MaxPooling.define(d);
        AveragePooling.define(d);
        AdaptivePooling.define(d);
        PaddingDecompositions.define(d);
        Resampling.define(d);
        Folding.define(d);
        BatchStatistics.define(d);
        GridSampling.define(d);
        NormalizationDecompositions.define(d);
        ReductionDecompositions.define(d);
        OrderDecompositions.define(d);
        ShapeDecompositions.define(d);
        IndexDecompositions.define(d);
        ScatterDecompositions.define(d);
        RandomDecompositions.define(d);
        StatisticsDecompositions.define(d);
        DistanceDecompositions.define(d);
        EmbeddingBagDecomposition.define(d);
        RenamingDecompositions.define(d);
        LookupDecompositions.define(d);
        BackwardDecompositions.define(d);
        DataSizeDecompositions.define(d);
        UniqueDecompositions.define(d);
        FactoryDecompositions.define(d);
        PointwiseDecompositions.define(d);
        LossDecompositions.define(d);
        EinsumDecomposition.define(d);
        ProductDecompositions.define(d);
        RecurrentDecompositions.define(d);
        ArrangingDecompositions.define(d);
        RankDecompositions.define(d);
        RepeatDecompositions.define(d);
        AliasDecompositions.define(d);
        OverloadDecompositions.define(d);
        TransformerDecompositions.define(d);
        ModuleDecompositions.define(d);
        LayerDecompositions.define(d);
        WindowDecompositions.define(d);
        ResamplingBackward.define(d);
        ActivationBackward.define(d);
        VolumeSampling.define(d);
        AntialiasedResampling.define(d);
        QuantizationDecompositions.define(d);
        ComplexArithmetic.ofReals(d);
        FourierDecompositions.ofReals(d);
    }

    /** Registers the ops that are known by their decomposition alone; it also gives their shapes. */
    public static void register(OpTable.Registry registry) {
        define(new Definitions((name, decomposition) -> { }, (schema, decomposition) ->
            registry.op(schema, dev.kiln.ops.schema.OpKind.COMPOSITE,
                args -> Expansion.of(decomposition, args).outputs())));
    }

    /**
     * The decomposition of an op: always one for a composite op, rarely one for another ({@code mean.dim}).
     */
    public static Optional<Decomposition> find(OpOverload op) {
        return Optional.ofNullable(BY_NAME.get(op.name()));
    }

    /** A random op's decomposition with the next numbers of a stream; empty for every other op. */
    public static Optional<Decomposition> random(OpOverload op, RandomStream stream) {
        return RandomDecompositions.of(op, stream);
    }

    /** Whether equal calls of the op give different numbers. */
    public static boolean isRandom(OpOverload op) {
        return RandomDecompositions.isRandom(op);
    }

    /**
     * Attention as matrix products around a softmax, for a compiler that has no attention kernel. Rows whose
     * keys are all masked give zeros.
     */
    public static Decomposition attention() {
        return AttentionDecomposition::apply;
    }

    /** As {@link #attention()}, with dropout of the probabilities by a random op of its own. */
    public static Decomposition attentionWithDropout() {
        return AttentionDecomposition::withDropout;
    }

    /** A recurrent layer's loop as steps that stand one after the other. */
    public static Decomposition recurrentSteps() {
        return RecurrentSteps::apply;
    }

    /** A transposed convolution as an ordinary one of the input with zeros in between. */
    public static Decomposition transposedConvolution() {
        return (g, a) -> List.of(ConvolutionDecompositions.transposed(new Emit(g), a));
    }
}
