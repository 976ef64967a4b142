package dev.kiln.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Files of named tensors in the safetensors format: the length of a JSON header, the header, then the values. */
public final class SafeTensors {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MAX_HEADER = 100_000_000;
    private static final Map<DType, String> NAMES = Map.ofEntries(Map.entry(DType.BOOL, "BOOL"), Map.entry(DType.U8, "U8"),
        Map.entry(DType.I8, "I8"), Map.entry(DType.I16, "I16"), Map.entry(DType.U16, "U16"), Map.entry(DType.I32, "I32"),
        Map.entry(DType.U32, "U32"), Map.entry(DType.I64, "I64"), Map.entry(DType.U64, "U64"), Map.entry(DType.F16, "F16"),
        Map.entry(DType.BF16, "BF16"), Map.entry(DType.F32, "F32"), Map.entry(DType.F64, "F64"),
        Map.entry(DType.F8E4M3FN, "F8_E4M3"), Map.entry(DType.F8E5M2, "F8_E5M2"));

    private SafeTensors() {
    }

    /** Writes to a file beside it first, so that a crash leaves the old one. */
    public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        long end = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            var value = entry.getValue().value();
            long begin = end;
            end += value.numel() * value.dtype().bytes();
            ObjectNode node = header.putObject(entry.getKey());
            node.put("dtype", name(value.dtype()));
            var shape = node.putArray("shape");
            for (long size : value.shape()) {
                shape.add(size);
            }
            node.putArray("data_offsets").add(begin).add(end);
        }
        String text = header.toString();
        int padding = (8 - text.getBytes(StandardCharsets.UTF_8).length % 8) % 8;
        byte[] bytes = (text + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try (FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
            writeFully(out, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length).flip());
            writeFully(out, ByteBuffer.wrap(bytes));
            for (Tensor tensor : tensors.values()) {
                var dense = tensor.value().contiguous();
                writeFully(out, dense.data().asSlice(0, dense.numel() * dense.dtype().bytes()));
            }
        }
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String name(DType dtype) {
        String name = NAMES.get(dtype);
        if (name == null) {
            throw new KilnException.Unsupported("safetensors has no type for " + dtype);
        }
        return name;
    }

    private static void writeFully(FileChannel out, MemorySegment data) throws IOException {
        long step = 1 << 30;
        for (long at = 0; at < data.byteSize(); at += step) {
            writeFully(out, data.asSlice(at, Math.min(step, data.byteSize() - at)).asByteBuffer());
        }
    }

    private static void writeFully(FileChannel out, ByteBuffer data) throws IOException {
        while (data.hasRemaining()) {
            out.write(data);
        }
    }

    /**
     * Reads all tensors, in the order of the header.
     *
     * @throws KilnException.BadInput if the file is damaged or of another format
     */
    public static Map<String, Tensor> read(Path file) throws IOException {
        try (FileChannel in = FileChannel.open(file); Arena arena = Arena.ofConfined()) {
            MemorySegment all = in.map(MapMode.READ_ONLY, 0, in.size(), arena);
            long length = all.byteSize() < 8 ? -1 : all.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
            if (length < 2 || length > Math.min(MAX_HEADER, all.byteSize() - 8)) {
                throw damaged(file, "it has no header");
            }
            JsonNode header = JSON.readTree(all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE));
            MemorySegment data = all.asSlice(8 + length);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : header.properties()) {
                if (!entry.getKey().equals("__metadata__")) {
                    tensors.put(entry.getKey(), tensor(file, entry.getKey(), entry.getValue(), data));
                }
            }
            return tensors;
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw damaged(file, "its header is no JSON");
        }
    }

    private static Tensor tensor(Path file, String name, JsonNode node, MemorySegment data) {
        String type = node.path("dtype").asText();
        Optional<DType> dtype = NAMES.entrySet().stream().filter(e -> e.getValue().equals(type)).map(Map.Entry::getKey)
            .findFirst();
        List<JsonNode> offsets = elements(node.path("data_offsets"));
        if (dtype.isEmpty() || offsets.size() != 2) {
            throw damaged(file, "of \"" + name + "\" type or place is missing");
        }
        long[] shape = elements(node.path("shape")).stream().mapToLong(JsonNode::asLong).toArray();
        var tensor = dev.kiln.kernels.runtime.Tensor.uninitialized(dtype.get(), shape);
        long begin = offsets.get(0).asLong();
        long bytes = offsets.get(1).asLong() - begin;
        if (bytes != tensor.numel() * dtype.get().bytes() || begin < 0 || begin + bytes > data.byteSize()) {
            throw damaged(file, "the values of \"" + name + "\" are incomplete");
        }
        MemorySegment.copy(data, begin, tensor.data(), 0, bytes);
        return Tensor.of(tensor);
    }

    private static List<JsonNode> elements(JsonNode array) {
        return array.valueStream().toList();
    }

    private static KilnException.BadInput damaged(Path file, String what) {
        return new KilnException.BadInput(file.getFileName() + " is no safetensors file: " + what);
    }
}
