package dev.kiln.kernels.extern;

import java.util.List;
import java.util.Optional;

/**
 * Functions of optional libraries. A library is looked for only when it is asked for; one that is absent or
 * does not load is no error, everything works without it.
 */
public final class LibraryKernels {
    private static final String OPENBLAS = "openblas";

    private LibraryKernels() {
    }

    private static final class Blas {
        static final Optional<OpenBlas> LIBRARY = OpenBlas.load();
    }

    /**
     * A function by library and name: {@code openblas.sgemm} is {@code cblas_sgemm} of OpenBLAS, which then
     * runs on the calling thread only.
     *
     * @return empty when library or function is not there
     */
    public static Optional<LibraryKernel> find(String name) {
        int dot = name.indexOf('.');
        if (dot < 0 || !name.substring(0, dot).equals(OPENBLAS)) {
            return Optional.empty();
        }
        return Blas.LIBRARY.flatMap(blas -> blas.find(name, name.substring(dot + 1)));
    }

    /** Libraries on the class path with their versions, for cache keys, without loading any. */
    public static List<String> versions() {
        return version(OPENBLAS).map(v -> List.of(OPENBLAS + "-" + v)).orElse(List.of());
    }

    /** Version of a library on the class path, without loading it; empty when it is not there. */
    public static Optional<String> version(String library) {
        return library.equals(OPENBLAS) ? OpenBlas.version() : Optional.empty();
    }
}
