package dev.kiln.kernels.extern;

import java.lang.foreign.MemorySegment;

/**
 * A function of a library that native graph code may call through {@code kiln_call.externs}.
 *
 * @param name    as asked for, for example {@code openblas.sgemm}
 * @param library name of the library
 * @param version version of the library, for cache keys
 * @param address address of the function, valid as long as this process lives
 */
public record LibraryKernel(String name, String library, String version, MemorySegment address) {
    /** Name, library and version in one text, for cache keys. */
    public String identity() {
        return name + "@" + library + "-" + version;
    }
}
