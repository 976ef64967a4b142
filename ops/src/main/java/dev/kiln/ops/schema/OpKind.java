package dev.kiln.ops.schema;

/** How an op computes; the compiler's first distinction. */
public enum OpKind {
    /** Each output element from the elements at the same (broadcast) place, by a {@code ScalarFormula}. */
    ELEMENTWISE,
    /** The same elements under other indices, no arithmetic. */
    VIEW,
    /** Folds some dimensions. */
    REDUCTION,
    /** Data movement with its own index arithmetic: cat, gather, index_select, constant_pad. */
    INDEXING,
    /** Loops whose order matters: running sums, sorting, writes by index. */
    SEQUENTIAL,
    /** Makes a tensor from sizes alone: full, arange. */
    FACTORY,
    /** Matrix products and attention: templates or library kernels. */
    CONTRACTION,
    /** Fills a symbol from data: the size of its own output, or a number. */
    DATA_SIZED,
    /** Defined by other ops; must be decomposed before lowering. */
    COMPOSITE
}
