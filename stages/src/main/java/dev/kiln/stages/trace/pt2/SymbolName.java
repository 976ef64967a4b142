package dev.kiln.stages.trace.pt2;

import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes that are a symbol and nothing else, in either language that files write sizes in. */
final class SymbolName {
    private static final Pattern SYMBOL = Pattern.compile("\\s*(?:Symbol\\('(\\w+)'[^()]*\\)|([A-Za-z_]\\w*))\\s*");

    private SymbolName() {
    }

    /** The symbol that a size is; empty for any other size and for null. */
    static Optional<String> of(SizeExpr size) {
        if (!(size instanceof SizeExpr.Expression e)) {
            return Optional.empty();
        }
        Matcher matcher = SYMBOL.matcher(e.text());
        return matcher.matches() ? Optional.of(matcher.group(1) != null ? matcher.group(1) : matcher.group(2))
            : Optional.empty();
    }
}
