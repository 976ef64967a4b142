package dev.kiln.bench.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process has of the machine's memory, in bytes, by the kernel's own count. */
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {
    }

    static long resident() {
        return field("VmRSS:");
    }

    /** The most since {@link #resetPeak()}. */
    static long peak() {
        return field("VmHWM:");
    }

    static void resetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException e) {
            throw new UncheckedIOException("this kernel does not reset the peak of a process: " + e.getMessage(), e);
        }
    }

    private static long field(String name) {
        try {
            return Files.readAllLines(STATUS).stream().filter(l -> l.startsWith(name))
                .mapToLong(l -> Long.parseLong(l.substring(name.length()).replace("kB", "").strip()) << 10).findFirst()
                .orElseThrow(() -> new IllegalStateException(STATUS + " has no " + name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
