package dev.kiln.stages.trace.pt2.schema;

import java.util.OptionalLong;

/** A size in the metadata: a number, or an expression over symbols with the value it had during export. */
public sealed interface SizeExpr {
    record Known(long value) implements SizeExpr {
    }

    record Expression(String text, OptionalLong hint) implements SizeExpr {
    }
}
