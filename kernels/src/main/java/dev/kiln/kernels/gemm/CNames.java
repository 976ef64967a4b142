package dev.kiln.kernels.gemm;

import java.util.regex.Pattern;

/** Names that reach generated C. */
public final class CNames {
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    private CNames() {}

    /** Refuses a kernel name that is no C identifier. */
    public static void requireIdentifier(String name) {
        if (!IDENTIFIER.matcher(name).matches()) {
            throw new IllegalArgumentException("kernel name must be a C identifier of at most 128 letters: "
                    + name);
        }
    }
}
