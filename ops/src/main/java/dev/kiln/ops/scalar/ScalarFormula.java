package dev.kiln.ops.scalar;

import dev.kiln.ops.schema.OpArgs;
import java.util.List;

/**
 * What an elementwise op computes for one element. The operands stand at the positions of the call's arguments:
 * tensor elements in their own dtypes, numbers as literals, null for everything else.
 */
@FunctionalInterface
public interface ScalarFormula {
    Scalar apply(OpArgs args, List<Scalar> operands);
}
