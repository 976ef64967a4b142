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
 * OpenBLAS from the {@code org.bytedeco:openblas} jars. Only the library itself is unpacked, into JavaCPP's
 * cache; the JNI layer is left alone, because generated code calls the C functions directly.
 */
final class OpenBlas {
    private static final String PROPERTIES = "META-INF/maven/org.bytedeco/openblas/pom.properties";
    /** The library and what it needs beside it, dependencies first. */
    private static final List<String> FILES =
            List.of("libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0");

    private final SymbolLookup symbols;
    private final String version;

    private OpenBlas(SymbolLookup symbols, String version) {
        this.symbols = symbols;
        this.version = version;
    }

    static Optional<OpenBlas> load() {
        Optional<String> version = version();
        if (version.isEmpty()) {
            return Optional.empty();
        }
        try {
            SymbolLookup symbols = SymbolLookup.libraryLookup(unpack().toPath(), Arena.global());
            MemorySegment setThreads = symbols.find("openblas_set_num_threads").orElseThrow(
                    () -> new IOException("the library does not export openblas_set_num_threads"));
            callOneThread(setThreads);
            return Optional.of(new OpenBlas(symbols, version.get()));
        } catch (IOException | RuntimeException | LinkageError e) {
            LoggerFactory.getLogger(OpenBlas.class).warn("OpenBLAS is on the class path but cannot be used: {}", e.toString());
            return Optional.empty();
        }
    }

    /** Kiln's own pool divides the work, so the library must not start threads of its own. */
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

    private static File unpack() throws IOException {
        File last = null;
        for (String name : FILES) {
            URL resource = resource(name);
            if (resource != null) {
                last = Loader.cacheResource(resource);
            }
        }
        if (last == null) {
            throw new IOException("no file could be unpacked");
        }
        return last;
    }

    private static URL resource(String name) {
        return OpenBlas.class.getClassLoader()
                .getResource("org/bytedeco/openblas/" + Loader.getPlatform() + "/" + name);
    }

    static Optional<String> version() {
        String arch = System.getProperty("os.arch").equals("aarch64") ? "linux-arm64" : "linux-x86_64";
        ClassLoader loader = OpenBlas.class.getClassLoader();
        if (loader.getResource("org/bytedeco/openblas/" + arch + "/libopenblas.so.0") == null) {
            return Optional.empty();
        }
        try (InputStream in = loader.getResourceAsStream(PROPERTIES)) {
            Properties properties = new Properties();
            if (in != null) {
                properties.load(in);
            }
            return Optional.of(properties.getProperty("version", "unknown"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    Optional<LibraryKernel> find(String name, String function) {
        return symbols.find("cblas_" + function)
                .map(address -> new LibraryKernel(name, "openblas", version, address));
    }
}
