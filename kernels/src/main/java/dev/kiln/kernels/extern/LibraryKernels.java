package dev.kiln.kernels.extern;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Functions of optional libraries. A library is looked for only when it is asked for; one that is absent or
 * does not load is no error, everything works without it.
 */
public final class LibraryKernels {
    private LibraryKernels() {
    }

    /**
     * A function by library and name: {@code openblas.sgemm} is {@code cblas_sgemm} of OpenBLAS, which then runs on
     * the calling thread only; {@code dnnl.sgemm} is {@code dnnl_sgemm} of oneDNN, {@code dnnl.omp_set_num_threads}
     * that of the OpenMP that it runs on.
     *
     * @return empty when library or function is not there
     */
    public static Optional<LibraryKernel> find(String name) {
        int dot = name.indexOf('.');
        return library(name).flatMap(jar -> jar.find(name, name.substring(dot + 1)));
    }

    /** Whether a function's library is on the class path; finding out does not load it. */
    public static boolean isPresent(String name) {
        return library(name).flatMap(LibraryJar::version).isPresent();
    }

    private static Optional<LibraryJar> library(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? Optional.empty() : LibraryJar.named(name.substring(0, dot));
    }

    /** Libraries on the class path with their versions, for cache keys, without loading any. */
    public static List<String> versions() {
        List<String> versions = new ArrayList<>();
        for (LibraryJar jar : LibraryJar.values()) {
            jar.version().ifPresent(version -> versions.add(jar.library() + "-" + version));
        }
        return versions;
    }

    /** Version of a library on the class path, without loading it; empty when it is not there. */
    public static Optional<String> version(String library) {
        return LibraryJar.named(library).flatMap(LibraryJar::version);
    }
}
