package dev.kiln.kernels.gemm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/** Compiles C with the bundled clang and calls it. */
public final class CompiledC {
    /** The calling convention, and a pool that runs tasks one by one from the last to the first on a dirty stack. */
    public static final String PRELUDE = """
            #include <stdint.h>
            typedef struct kiln_pool kiln_pool;
            typedef void (*kiln_task)(void* ctx, int64_t begin, int64_t end, int32_t worker);
            typedef struct kiln_runtime {
              int32_t threads; int32_t reserved; kiln_pool* pool;
              void (*parallel_for)(kiln_pool*, kiln_task, void* ctx, int64_t n, int64_t grain);
            } kiln_runtime;
            typedef struct kiln_call {
              const kiln_runtime* rt; const int64_t* syms; void* const* inputs; void* const* outputs;
              const void* const* constants; void* workspace; void* const* externs;
            } kiln_call;
            static __attribute__((noinline)) void dirty_stack(void) {
              volatile int64_t dirt[40000];
              for (int i = 0; i < 40000; i++) dirt[i] = -1;
            }
            static void serial(kiln_pool* pool, kiln_task task, void* ctx, int64_t n, int64_t grain) {
              for (int64_t i = (n - 1) / grain * grain; i >= 0; i -= grain) {
                dirty_stack();
                task(ctx, i, i + grain < n ? i + grain : n, 0);
              }
            }
            #define CALL(threads) \\
              const kiln_runtime rt = {threads, 0, 0, serial}; \\
              const kiln_call call = {&rt, 0, 0, 0, 0, 0, 0}
            """;

    private final SymbolLookup library;

    private CompiledC(SymbolLookup library) {
        this.library = library;
    }

    /** Compiles for AVX2 and loads. */
    public static CompiledC load(String source) {
        try {
            Path shared = Files.createTempFile("kernel", ".so");
            shared.toFile().deleteOnExit();
            clang(source, shared, List.of("-march=x86-64-v3", "-fPIC", "-shared", "-nostdlib", "-fuse-ld=lld", "-Wl,-z,defs"));
            return new CompiledC(SymbolLookup.libraryLookup(shared, Arena.global()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The assembly of a translation unit. */
    public static String assembly(String source, String march) {
        try {
            Path out = Files.createTempFile("kernel", ".s");
            clang(source, out, List.of("-march=" + march, "-mprefer-vector-width=512", "-S"));
            String text = Files.readString(out);
            Files.delete(out);
            return text;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void clang(String source, Path out, List<String> flags) throws IOException {
        Path clang = Path.of(Loader.load(org.bytedeco.llvm.program.clang.class));
        List<String> command = new ArrayList<>(List.of(clang.toString(), "-x", "c", "-", "-O3", "-ffreestanding",
                "-fno-math-errno", "-Wall", "-Wno-unused-function", "-Werror", "-o", out.toString()));
        command.addAll(flags);
        Path log = Files.createTempFile("clang", ".log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try (var in = process.getOutputStream()) {
            in.write(source.getBytes(StandardCharsets.UTF_8));
        }
        int status = process.onExit().join().exitValue();
        String said = Files.readString(log);
        Files.delete(log);
        if (status != 0) {
            throw new AssertionError("clang failed:\n" + said);
        }
    }

    public MethodHandle function(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.find(name).orElseThrow(), type);
    }
}
