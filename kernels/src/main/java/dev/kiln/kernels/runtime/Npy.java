package dev.kiln.kernels.runtime;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * NumPy's {@code .npy} files, versions 1 to 3, little endian. Types are those of {@link DType}; {@code bf16},
 * which NumPy lacks, stands as {@code <V2}, as the {@code ml_dtypes} package writes it.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>
 */
public final class Npy {
    private static final long IO_CHUNK = 1L << 30;

    private Npy() {
    }

    /** As {@link #read(Path, Arena)}, into memory that lives as long as the tensor is reachable. */
    public static Tensor read(Path file) {
        return read(file, Arena.ofAuto());
    }

    /**
     * Reads a tensor; one in Fortran order comes back row-major as well.
     *
     * @throws KilnException.BadInput when the file is absent, damaged, or of a type that Kiln does not have
     */
    public static Tensor read(Path file, Arena arena) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            NpyHeader header = NpyHeader.read(channel, file);
            long bytes = Layouts.bytes(header.dtype(), header.shape());
            if (channel.size() - channel.position() < bytes) {
                throw new KilnException.BadInput(file + " is cut short: its header promises " + bytes
                        + " bytes of data, " + (channel.size() - channel.position()) + " are there");
            }
            if (!header.fortranOrder()) {
                Tensor tensor = Tensor.allocate(header.dtype(), arena, header.shape());
                fill(channel, tensor.data(), bytes);
                return tensor;
            }
            try (Arena scratch = Arena.ofShared()) {
                MemorySegment raw = scratch.allocate(Math.max(1, bytes), Tensor.ALIGNMENT);
                fill(channel, raw, bytes);
                return Tensor.of(raw, header.dtype(), header.shape(), Layouts.columnMajor(header.shape()))
                        .copyTo(arena);
            }
        } catch (IOException e) {
            throw new KilnException.BadInput("cannot read " + file + ": "
                    + (Files.exists(file) ? e.getMessage() : "no such file"), e);
        }
    }

    private static void fill(FileChannel channel, MemorySegment to, long bytes) throws IOException {
        for (long at = 0; at < bytes; ) {
            ByteBuffer part = to.asSlice(at, Math.min(IO_CHUNK, bytes - at)).asByteBuffer();
            int read = channel.read(part);
            if (read < 0) {
                throw new IOException("the file shrank while it was read");
            }
            at += read;
        }
    }

    /**
     * Writes a tensor in C order. The file appears whole or not at all.
     *
     * @throws KilnException when the file cannot be written
     */
    public static void write(Path file, Tensor tensor) {
        Path absolute = file.toAbsolutePath();
        Path temporary = absolute.resolveSibling(
                "." + absolute.getFileName() + "." + ProcessHandle.current().pid()
                        + "-" + Thread.currentThread().threadId() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                writeAll(channel, NpyHeader.bytes(tensor.dtype(), tensor.shape()));
                drain(channel, tensor.contiguous().data(), Layouts.bytes(tensor.dtype(), tensor.shape()));
            }
            Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw new KilnException("cannot write " + file + ": " + e, e);
        }
    }

    private static void drain(FileChannel channel, MemorySegment from, long bytes) throws IOException {
        for (long at = 0; at < bytes; at += IO_CHUNK) {
            writeAll(channel, from.asSlice(at, Math.min(IO_CHUNK, bytes - at)).asByteBuffer());
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
