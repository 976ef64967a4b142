package dev.kiln.ops.aten;

import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.schema.OpTable;

/** The families of operators, under PyTorch's own names. */
public final class AtenOps {
    private AtenOps() {
    }

    public static void register(OpTable.Registry registry) {
        UnaryOps.register(registry);
        BinaryOps.register(registry);
        SpecialFunctionOps.register(registry);
        TernaryOps.register(registry);
        ViewOps.register(registry);
        ReductionOps.register(registry);
        NormalizationOps.register(registry);
        DataSizeOps.register(registry);
        IndexingOps.register(registry);
        SequentialOps.register(registry);
        RecurrentOps.register(registry);
        DetectionOps.register(registry);
        FactoryOps.register(registry);
        RandomOps.register(registry);
        ComplexOps.register(registry);
        ContractionOps.register(registry);
        LowPrecisionProducts.register(registry);
        QuantizationOps.register(registry);
        ConvolutionOps.register(registry);
        Decompositions.register(registry);
    }
}
