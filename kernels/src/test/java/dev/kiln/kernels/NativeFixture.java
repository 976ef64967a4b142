package dev.kiln.kernels;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.NativeCompiler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Compiles runtime and graphs for tests, for the instruction set of this machine. */
public final class NativeFixture {
    public static final Isa ISA = CpuInfo.detect().bestIsa();

    private NativeFixture() {
    }

    private static final class RuntimeObject {
        static final Path FILE = sharedObject(KilnRuntime.sourceUnits());
    }

    /** A pool of its own with {@code threads} workers. */
    public static KilnRuntime runtime(int threads) {
        return KilnRuntime.open(RuntimeObject.FILE, ISA, threads);
    }

    /** The shared object of one unit with the runtime header before it. */
    public static Path graph(String cSource, CompileUnit... more) {
        return graph(cSource, List.of(), more);
    }

    /** As {@link #graph(String, CompileUnit...)}, with flags for that unit. */
    public static Path graph(String cSource, List<String> flags, CompileUnit... more) {
        List<CompileUnit> units = new ArrayList<>(List.of(more));
        units.add(new CompileUnit("graph", RuntimeHeader.text() + cSource, flags));
        return sharedObject(units);
    }

    static Path sharedObject(List<CompileUnit> units) {
        try {
            byte[] bytes = NativeCompiler.shared().compileAll(units, CpuTarget.of(ISA), Deadline.none());
            Path file = Files.createTempFile("kiln-test", ".so");
            file.toFile().deleteOnExit();
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
