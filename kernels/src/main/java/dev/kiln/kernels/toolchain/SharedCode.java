package dev.kiln.kernels.toolchain;

/** C that many kernels call: a unit of its own, compiled once and linked with all of them. */
public interface SharedCode {
    CompileUnit unit();
}
