package dev.kiln.kernels.toolchain;

import java.util.List;

/**
 * One C translation unit. It sees the compiler's own headers only, no libc.
 *
 * @param name       short name for messages and file names; characters outside {@code [A-Za-z0-9_.-]} become
 *                   {@code _}
 * @param cSource    GNU C17 text, complete
 * @param extraFlags flags put after the common ones
 */
public record CompileUnit(String name, String cSource, List<String> extraFlags) {
    public CompileUnit {
        name = name.replaceAll("[^A-Za-z0-9_.-]", "_");
        extraFlags = List.copyOf(extraFlags);
    }

    public CompileUnit(String name, String cSource) {
        this(name, cSource, List.of());
    }
}
