package dev.kiln.stages.lowering;

/** How a {@link LoopNode.Scan} folds. */
public enum ScanOp { SUM, PROD, LOG_SUM_EXP, ARGMAX, ARGMIN }
