package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.archive.PickleValue.TensorRef;
import java.util.LinkedHashMap;
import java.util.Map;

/** The dictionary of tensors in a file that {@code torch.save} wrote. */
final class TorchFile {
    private final ZipArchive zip;
    private final String root;

    private TorchFile(ZipArchive zip) {
        this.zip = zip;
        root = zip.root().filter(r -> zip.has(r + "data.pkl")).orElseThrow(
            () -> new KilnException.BadInput(zip.name() + " is not a torch.save file"));
        ByteOrders.requireLittle(zip, root);
    }

    /** Tensors by name; an empty entry holds none. An entry that is no tensor is an error when it is asked for. */
    static Map<String, Weights.Slot> read(ZipArchive archive, String entry) {
        if (archive.bytes(entry).byteSize() == 0) {
            return Map.of();
        }
        TorchFile file = new TorchFile(archive.nested(entry));
        Object value = Pickle.load(file.zip.name(), file.zip.bytes(file.root + "data.pkl"));
        if (!(value instanceof Map<?, ?> map)) {
            throw new KilnException.BadInput(file.zip.name() + " holds no dictionary of tensors");
        }
        Map<String, Weights.Slot> slots = new LinkedHashMap<>();
        map.forEach((name, item) -> slots.put(String.valueOf(name), () -> file.tensor(String.valueOf(name), item)));
        return slots;
    }

    private StoredTensor tensor(String name, Object item) {
        String what = "weight '" + name + "'";
        return switch (item) {
            case TensorRef ref -> tensor(what, ref);
            case String text -> throw new KilnException.Unsupported(what
                + " was exported without data (under a fake tensor mode)");
            case null, default -> throw new KilnException.Unsupported(what + " is not a tensor");
        };
    }

    private StoredTensor tensor(String what, TensorRef ref) {
        DType dtype = TorchTypes.named(what, ref.type());
        String entry = root + "data/" + ref.storage().key();
        return new StoredTensor(zip.name() + "/" + entry, zip.bytes(entry), dtype, ref.sizes(), ref.strides(),
            ref.offset());
    }
}
