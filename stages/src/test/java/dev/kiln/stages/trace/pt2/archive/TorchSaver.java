package dev.kiln.stages.trace.pt2.archive;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a dictionary of tensors as {@code torch.save} does: a ZIP file of a pickle and raw storages. */
public final class TorchSaver {
    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    private final Map<String, byte[]> storages = new LinkedHashMap<>();

    /** A view of a storage of 32-bit floats. */
    public record View(String storage, long offset, List<Long> sizes, List<Long> strides) {
    }

    public static byte[] save(ZipWriter.Style style, Map<String, View> tensors, Map<String, byte[]> storages) {
        TorchSaver saver = new TorchSaver();
        saver.storages.putAll(storages);
        saver.dictionary(tensors);
        return saver.zip(style, "little");
    }

    /** With any pickle. */
    static byte[] save(byte[] pickle, String byteOrder) {
        TorchSaver saver = new TorchSaver();
        saver.pickle.writeBytes(pickle);
        return saver.zip(ZipWriter.Style.PLAIN, byteOrder);
    }

    private byte[] zip(ZipWriter.Style style, String byteOrder) {
        ZipWriter zip = new ZipWriter(style).add("archive/data.pkl", pickle.toByteArray())
            .add("archive/byteorder", byteOrder).add("archive/version", "3\n");
        int key = 0;
        for (byte[] storage : storages.values()) {
            zip.add("archive/data/" + key++, storage);
        }
        return zip.bytes();
    }

    private void dictionary(Map<String, View> tensors) {
        op(0x80).op(2).global("collections", "OrderedDict").op(')').op('R').op('q').op(0).op('(');
        tensors.forEach((name, view) -> {
            text(name);
            tensor(view);
        });
        op('u').op('}').text("_metadata").op('K').op(1).op('s').op('b').op('.');
    }

    /** {@code torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict())}. */
    private void tensor(View view) {
        int key = List.copyOf(storages.keySet()).indexOf(view.storage);
        global("torch._utils", "_rebuild_tensor_v2").op('(');
        op('(').text("storage").global("torch", "FloatStorage").text(Integer.toString(key)).text("cpu")
            .integer(storages.get(view.storage).length / 4).op('t').op('Q');
        integer(view.offset).op('(');
        view.sizes.forEach(this::integer);
        op('t').op('(');
        view.strides.forEach(this::integer);
        op('t').op(0x89).global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
    }

    private TorchSaver op(int opcode) {
        pickle.write(opcode);
        return this;
    }

    private TorchSaver global(String module, String name) {
        return op('c').raw((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private TorchSaver text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return op('X').raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length).array())
            .raw(bytes);
    }

    /** By the shortest of the opcodes, as Python does. */
    private TorchSaver integer(long value) {
        if (value >= 0 && value < 256) {
            return op('K').op((int) value);
        }
        if (value >= 0 && value < 65536) {
            return op('M').op((int) value & 0xff).op((int) value >> 8);
        }
        return op(0x8a).op(8).raw(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }

    private TorchSaver raw(byte[] bytes) {
        pickle.writeBytes(bytes);
        return this;
    }
}
