package dev.kiln.kernels.gemm;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.NativeCompiler;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/** Compiles kernels and calls them without a graph around them. */
public final class CompiledC {
    /** A pool that runs tasks one by one from the last to the first, on a stack full of NaN. */
    private static final String SERIAL_POOL = """
            static __attribute__((noinline)) void dirty_stack(void) {
              volatile int64_t dirt[60000];
              for (int i = 0; i < 60000; i++) dirt[i] = -1;
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

    /** Compiles for this machine and loads. */
    public static CompiledC load(String source) {
        return load(source, Set.of());
    }

    /** As {@link #load(String)}, for a source that calls micro-kernels. */
    public static CompiledC load(String source, Set<MicroKernels> kernels) {
        return load(source, kernels, "");
    }

    /** As {@link #load(String, Set)}, with definitions for the preprocessor before the micro-kernels. */
    static CompiledC load(String source, Set<MicroKernels> kernels, String definitions) {
        return load(source, kernels, definitions, Effort.FULL);
    }

    /** How well the C compiler optimises what calls the micro-kernels, which takes it longer than these. */
    enum Effort {
        FAST(List.of("-O0")), FULL(List.of());

        private final List<String> flags;

        Effort(List<String> flags) {
            this.flags = flags;
        }
    }

    static CompiledC load(String source, Set<MicroKernels> kernels, String definitions, Effort effort) {
        CompileUnit[] units = kernels.stream().map(MicroKernels::unit)
            .map(u -> new CompileUnit(u.name(), definitions + u.cSource())).toArray(CompileUnit[]::new);
        return new CompiledC(SymbolLookup.libraryLookup(
            NativeFixture.graph(SERIAL_POOL + source, effort.flags, units), Arena.global()));
    }

    /** The assembly of a unit. */
    public static String assembly(CompileUnit source, Isa isa) {
        CompileUnit unit = new CompileUnit("assembly", source.cSource(), List.of("-S"));
        byte[] text = NativeCompiler.shared().compile(unit, CpuTarget.of(isa), NativeCompiler.LEVEL);
        return new String(text, StandardCharsets.US_ASCII);
    }

    public MethodHandle function(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.find(name).orElseThrow(), type);
    }

    /** Calls a function of pointers and {@code int64_t}s. */
    public void call(String name, Object... arguments) {
        ValueLayout[] layouts = new ValueLayout[arguments.length];
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = arguments[i] instanceof MemorySegment ? ValueLayout.ADDRESS : ValueLayout.JAVA_LONG;
        }
        try {
            function(name, FunctionDescriptor.ofVoid(layouts)).invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
