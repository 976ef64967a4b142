package dev.kiln.stages.quantization;

import dev.kiln.ops.graph.ConstantValue;

/** A weight as {@link dev.kiln.stages.Precision} keeps it, and what that costs. */
public sealed interface QuantizedWeight {
    /** What is lost: power of the weights over power of their errors, in decibel; infinite if nothing is. */
    double decibel();

    /** In bf16, lying as the original does. */
    record Rounded(ConstantValue values, double decibel) implements QuantizedWeight {
    }

    /** i8 [N, K], scales [N] of f32. */
    record Int8(ConstantValue values, ConstantValue scales, double decibel) implements QuantizedWeight {
    }

    /** See {@link dev.kiln.ops.aten.LowPrecisionProducts#INT4_WEIGHT}. */
    record Int4(ConstantValue values, int group, ConstantValue scalesAndZeros, double decibel) implements QuantizedWeight {
    }
}
