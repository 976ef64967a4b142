package dev.kiln.kernels.runtime;

/** The C declarations that every generated unit starts with; see {@code docs/ABI.md}. */
public final class RuntimeHeader {
    private RuntimeHeader() {
    }

    private static final class Text {
        static final String HEADER = Resources.text("kiln_runtime.h");
    }

    /** The header's text, to be put first in a unit. */
    public static String text() {
        return Text.HEADER;
    }
}
