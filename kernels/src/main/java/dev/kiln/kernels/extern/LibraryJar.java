package dev.kiln.kernels.extern;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.net.URL;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.bytedeco.javacpp.Loader;
import org.slf4j.LoggerFactory;

/**
 * A library in {@code org.bytedeco} jars that may be on the class path. Only the library itself is unpacked, into
 * JavaCPP's cache; the JNI layer is left alone, because generated code calls the C functions directly.
 */
enum LibraryJar {
    OPENBLAS("openblas", List.of("libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0")) {
        @Override
        String symbol(String function) {
            return "cblas_" + function;
        }

        /** Kiln's own pool divides the work, so the library must not start threads of its own. */
        @Override
        void loaded(SymbolLookup symbols) throws IOException {
            MemorySegment setThreads = symbols.find("openblas_set_num_threads").orElseThrow(
                    () -> new IOException("the library does not export openblas_set_num_threads"));
            callOneThread(setThreads);
        }
    },

    /** Its functions run on as many threads as OpenMP gives the calling one, which whoever calls limits. */
    DNNL("dnnl", List.of("libgomp.so.1", "libdnnl.so.3")) {
        @Override
        String symbol(String function) {
            return function.startsWith("omp_") ? function : "dnnl_" + function;
        }
    };

    private final String library;
    private final List<String> files;
    private Optional<SymbolLookup> symbols;

    /** @param files the library and what it needs beside it, dependencies first */
    LibraryJar(String library, List<String> files) {
        this.library = library;
        this.files = files;
    }

    /** Name of the C function. */
    abstract String symbol(String function);

    /** What must be done once before functions are called. */
    void loaded(SymbolLookup symbols) throws IOException {
    }

    /** The library of a name, be it on the class path or not. */
    static Optional<LibraryJar> named(String library) {
        for (LibraryJar jar : values()) {
            if (jar.library.equals(library)) {
                return Optional.of(jar);
            }
        }
        return Optional.empty();
    }

    String library() {
        return library;
    }

    /** A function, by the name that follows the library's; loads the library if need be. */
    Optional<LibraryKernel> find(String name, String function) {
        return symbols().flatMap(s -> s.find(symbol(function)))
                .map(address -> new LibraryKernel(name, library, version().orElse("unknown"), address));
    }

    private synchronized Optional<SymbolLookup> symbols() {
        if (symbols == null) {
            symbols = version().isEmpty() ? Optional.empty() : load();
        }
        return symbols;
    }

    private Optional<SymbolLookup> load() {
        try {
            SymbolLookup lookup = SymbolLookup.libraryLookup(unpack().toPath(), Arena.global());
            loaded(lookup);
            return Optional.of(lookup);
        } catch (IOException | RuntimeException | LinkageError e) {
            LoggerFactory.getLogger(LibraryJar.class).warn("{} is on the class path but cannot be used: {}", library,
                    e.toString());
            return Optional.empty();
        }
    }

    private static void callOneThread(MemorySegment setThreads) {
        try {
            Linker.nativeLinker().downcallHandle(setThreads, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT))
                    .invokeExact(1);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private File unpack() throws IOException {
        File last = null;
        for (String name : files) {
            URL resource = LibraryJar.class.getClassLoader()
                    .getResource("org/bytedeco/" + library + "/" + Loader.getPlatform() + "/" + name);
            if (resource != null) {
                last = Loader.cacheResource(resource);
            }
        }
        if (last == null) {
            throw new IOException("no file could be unpacked");
        }
        return last;
    }

    /** Version of the jars on the class path, found without loading anything; empty if the library is not there. */
    Optional<String> version() {
        String arch = System.getProperty("os.arch").equals("aarch64") ? "linux-arm64" : "linux-x86_64";
        ClassLoader loader = LibraryJar.class.getClassLoader();
        if (loader.getResource("org/bytedeco/" + library + "/" + arch + "/" + files.getLast()) == null) {
            return Optional.empty();
        }
        String properties = "META-INF/maven/org.bytedeco/" + library + "/pom.properties";
        try (InputStream in = loader.getResourceAsStream(properties)) {
            Properties found = new Properties();
            if (in != null) {
                found.load(in);
            }
            return Optional.of(found.getProperty("version", "unknown"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
