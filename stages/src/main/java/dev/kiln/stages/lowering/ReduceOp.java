package dev.kiln.stages.lowering;

/** How a reduction folds; ARGMAX and ARGMIN give the first place of the extreme, NaN counting as extreme. */
public enum ReduceOp { SUM, PROD, MAX, MIN, ANY, ALL, ARGMAX, ARGMIN }
