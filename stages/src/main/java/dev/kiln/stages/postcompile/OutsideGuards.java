package dev.kiln.stages.postcompile;

import dev.kiln.ops.KilnException;

/** The inputs' sizes are none that a compiled graph serves, though the model may: another variant is needed. */
public final class OutsideGuards extends KilnException.BadInput {
    private static final long serialVersionUID = 1;

    OutsideGuards(String message) {
        super(message);
    }
}
