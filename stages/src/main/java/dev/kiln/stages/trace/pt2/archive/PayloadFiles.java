package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.schema.Json;
import dev.kiln.stages.trace.pt2.schema.ProgramReader;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/** Weights as raw files of the archive, one a storage, with a table of the tensors that lie in them. */
final class PayloadFiles {
    private final ZipArchive zip;
    private final String folder;

    PayloadFiles(ZipArchive zip, String folder) {
        this.zip = zip;
        this.folder = folder;
    }

    /** @param table the JSON entry of the table */
    Map<String, Weights.Slot> read(String table) {
        return Pt2Archive.json(zip, table).get("config").map(entry -> () -> tensor(entry));
    }

    private StoredTensor tensor(Json entry) {
        String file = entry.get("path_name").text();
        String what = entry.path();
        if (file.startsWith("custom_obj_") || !entry.has("tensor_meta")) {
            throw new KilnException.Unsupported(what + " is a custom object");
        }
        if (entry.optional("use_pickle", Json::bool).orElse(false)) {
            throw new KilnException.Unsupported(what + " is a tensor of a Python subclass, stored as a pickle");
        }
        TensorMeta meta = ProgramReader.tensorMeta(entry.get("tensor_meta"));
        if (meta.layout() != TensorMeta.STRIDED) {
            throw new KilnException.Unsupported(what + " has a sparse layout");
        }
        MemorySegment bytes = zip.bytes(folder + file);
        List<Long> sizes = known(what, meta.sizes());
        if (bytes.byteSize() == 0 && !sizes.contains(0L)) {
            return zeros(file, what, meta, sizes);
        }
        return new StoredTensor(folder + file, bytes, TorchTypes.numbered(what, meta.dtype()), sizes,
            known(what, meta.strides()), known(what, meta.offset()));
    }

    /** A storage without bytes stands for zeros: one of them, repeated. */
    private static StoredTensor zeros(String file, String what, TensorMeta meta, List<Long> sizes) {
        return new StoredTensor(file, MemorySegment.ofArray(new long[1]), TorchTypes.numbered(what, meta.dtype()),
            sizes, sizes.stream().map(s -> 0L).toList(), 0);
    }

    private static List<Long> known(String what, List<SizeExpr> sizes) {
        return sizes.stream().map(s -> known(what, s)).toList();
    }

    private static long known(String what, SizeExpr size) {
        return switch (size) {
            case SizeExpr.Known(long value) -> value;
            case SizeExpr.Expression e -> throw new KilnException.BadInput(what + ": its size '" + e.text()
                + "' is not a number");
        };
    }
}
