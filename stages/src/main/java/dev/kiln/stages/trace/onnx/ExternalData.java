package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Weights in files beside the model, each mapped once. A location outside the model's directory is refused.
 */
final class ExternalData {
    private final Optional<Path> directory;
    private final Map<Path, MemorySegment> files = new HashMap<>();

    ExternalData(Optional<Path> directory) {
        this.directory = directory;
    }

    /** The bytes of the tensor; {@code expected} is their number if the entry does not say it. */
    MemorySegment read(TensorProto tensor, long expected) {
        String what = "tensor \"" + tensor.getName() + "\"";
        Map<String, String> entry = new HashMap<>();
        for (StringStringEntryProto pair : tensor.getExternalDataList()) {
            entry.put(pair.getKey(), pair.getValue());
        }
        long offset = number(what, entry, "offset", 0);
        long length = number(what, entry, "length", expected);
        Path path = locate(what, entry.getOrDefault("location", ""));
        MemorySegment file = files.computeIfAbsent(path, p -> map(what, p));
        if (offset > file.byteSize() || length > file.byteSize() - offset) {
            throw new KilnException.BadInput(what + ": its external data ends at byte " + (offset + length)
                + ", but " + path.getFileName() + " has " + file.byteSize());
        }
        return file.asSlice(offset, length);
    }

    private Path locate(String what, String location) {
        Path base = directory.orElseThrow(() -> new KilnException.BadInput(
            what + " is stored as external data; import the model from its file, not from bytes"));
        Path path = base.resolve(location).normalize();
        if (location.isEmpty() || Path.of(location).isAbsolute() || !path.startsWith(base.normalize())) {
            throw new KilnException.BadInput(
                what + ": external data location '" + location + "' is not inside the model's directory");
        }
        return path;
    }

    private static MemorySegment map(String what, Path path) {
        if (!Files.isRegularFile(path)) {
            throw new KilnException.BadInput(what + ": its external data file " + path.getFileName()
                + " is missing");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
        } catch (IOException e) {
            throw new KilnException.BadInput(what + ": " + path.getFileName() + " cannot be read: "
                + e.getMessage(), e);
        }
    }

    private static long number(String what, Map<String, String> entry, String key, long otherwise) {
        String text = entry.get(key);
        try {
            long value = text == null ? otherwise : Long.parseLong(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new KilnException.BadInput(what + ": external data " + key + " '" + text + "' is not a size");
    }
}
