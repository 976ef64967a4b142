package dev.kiln.stages.autotune;

import dev.kiln.stages.autotune.TrialRunner.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of one kernel's trial, in a file that whoever runs the candidates maps too. The trials of a session use one
 * file in turn: new memory takes longer than most kernels.
 */
final class TrialMemory implements AutoCloseable {
    private static final long PAGE = 4096;

    private final Path file;
    private final List<Span> spans;
    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> segments = new ArrayList<>();

    /** @param bytes of each span; each begins a page, so that it can be protected */
    TrialMemory(Path folder, List<Long> bytes, List<Boolean> written) {
        spans = layout(bytes, written);
        try {
            long room = Files.getFileStore(folder).getUsableSpace();
            if (room < size(bytes)) {
                throw new IOException("it takes " + size(bytes) + " bytes and " + folder + " has room for " + room
                    + "; set java.io.tmpdir to a larger folder or use --no-max-autotune");
            }
            file = folder.resolve("memory.bin");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE)) {
                for (Span span : spans) {
                    segments.add(channel.map(MapMode.READ_WRITE, span.offset(), span.bytes(), arena));
                }
            }
        } catch (IOException e) {
            arena.close();
            throw new UncheckedIOException("cannot make the autotune memory: " + e.getMessage(), e);
        }
    }

    /** Bytes that such memory takes on the disk. */
    static long size(List<Long> bytes) {
        return bytes.stream().mapToLong(b -> (b + PAGE - 1) / PAGE * PAGE).sum();
    }

    private static List<Span> layout(List<Long> bytes, List<Boolean> written) {
        List<Span> spans = new ArrayList<>();
        long at = 0;
        for (int i = 0; i < bytes.size(); i++) {
            spans.add(new Span(at, bytes.get(i), written.get(i)));
            at += (bytes.get(i) + PAGE - 1) / PAGE * PAGE;
        }
        return spans;
    }

    Path file() {
        return file;
    }

    List<Span> spans() {
        return List.copyOf(spans);
    }

    MemorySegment segment(int span) {
        return segments.get(span);
    }

    @Override
    public void close() {
        arena.close();
    }
}
