package dev.kiln.kernels.runtime;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.toolchain.Clang;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** Prints what a fresh JVM pays until a graph has run once. Arguments: runtime and graph shared objects. */
final class FirstBinding {
    private static long last;

    private FirstBinding() {
    }

    public static void main(String[] args) {
        last = System.nanoTime();
        CpuInfo cpu = CpuInfo.detect();
        lap("CPU detection");
        Clang.bundled().digest();
        lap("toolchain digest");
        try (KilnRuntime runtime = KilnRuntime.open(Path.of(args[0]), cpu.bestIsa(), 2)) {
            lap("runtime open, first downcall included");
            try (NativeGraph graph = GraphLibrary.open(runtime, Path.of(args[1]), cpu.bestIsa())
                    .bind(List.of(), List.of())) {
                lap("graph open");
                graph.call(new long[0], new MemorySegment[0], new MemorySegment[0]);
                lap("first graph call");
            }
        }
    }

    private static void lap(String what) {
        long now = System.nanoTime();
        System.out.println(what + ": " + (now - last) / 1000 + " us");
        last = System.nanoTime();
    }
}
