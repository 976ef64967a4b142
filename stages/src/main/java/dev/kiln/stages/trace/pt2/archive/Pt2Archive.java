package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.schema.Json;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A {@code torch.export.save} file: the program as JSON and its weights. Three containers are known: the PT2
 * archive with weights as raw files (PyTorch 2.9 on) or as torch.save files (2.8), and the flat archive of 2.1 to
 * 2.7. The file is memory-mapped, weights stay in the mapping.
 */
public record Pt2Archive(Json program, Weights weights) {
    private static final String LEGACY = "serialized_exported_program.json";

    /**
     * @param program which program, if the file holds several; empty for the only one
     * @throws KilnException.BadInput if the file is damaged, a ZIP file of another kind, or has no such program
     */
    public static Pt2Archive open(Path file, String program) {
        String name = String.valueOf(file.getFileName());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(new ZipArchive(name, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(),
                Arena.ofAuto())), program);
        } catch (IOException e) {
            throw new KilnException.BadInput(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static Pt2Archive read(ZipArchive zip, String program) {
        if (zip.has(LEGACY) && program.isEmpty()) {
            return legacy(zip);
        }
        String root = zip.root().orElse("");
        if (zip.text(root + "archive_format").filter("pt2"::equals).isPresent()) {
            return pt2(zip, root, program);
        }
        if (zip.has(root + "data.pkl")) {
            throw new KilnException.Unsupported(zip.name() + " is "
                + (zip.has(root + "constants.pkl") ? "a TorchScript file" : "a torch.save file")
                + "; write the model with torch.export.save");
        }
        if (zip.has(LEGACY)) {
            throw new KilnException.BadInput(zip.name() + " holds one program without a name, not '" + program + "'");
        }
        throw new KilnException.BadInput(zip.name() + " is a ZIP archive, but not one of torch.export.save");
    }

    private static Pt2Archive legacy(ZipArchive zip) {
        return new Pt2Archive(json(zip, LEGACY), new Weights(
            saved(zip, List.of("serialized_state_dict.pt", "serialized_state_dict.json")),
            saved(zip, List.of("serialized_constants.pt", "serialized_constants.json"))));
    }

    private static Map<String, Weights.Slot> saved(ZipArchive zip, List<String> names) {
        return names.stream().filter(zip::has).findFirst().map(n -> TorchFile.read(zip, n)).orElse(Map.of());
    }

    private static Pt2Archive pt2(ZipArchive zip, String root, String program) {
        zip.text(root + "archive_version").filter(v -> !v.equals("0")).ifPresent(version -> {
            throw new KilnException.Unsupported(zip.name() + ": archive version '" + version + "' is not supported");
        });
        ByteOrders.requireLittle(zip, root);
        String model = model(zip, root + "models/", program);
        return new Pt2Archive(json(zip, root + "models/" + model + ".json"), new Weights(
            weights(zip, root + "data/weights/", model, List.of("_weights_config", "_model_param_config")),
            weights(zip, root + "data/constants/", model, List.of("_constants_config", "_model_constants_config"))));
    }

    private static String model(ZipArchive zip, String folder, String wanted) {
        List<String> models = zip.names().stream().filter(n -> n.startsWith(folder) && n.endsWith(".json"))
            .map(n -> n.substring(folder.length(), n.length() - ".json".length())).toList();
        if (models.isEmpty()) {
            throw new KilnException.Unsupported(zip.name() + " holds no exported program, only compiled artifacts");
        }
        if (!wanted.isEmpty() && !models.contains(wanted)) {
            throw new KilnException.BadInput(zip.name() + " holds no program '" + wanted + "'; there are: "
                + String.join(", ", models));
        }
        if (wanted.isEmpty() && models.size() > 1 && !models.contains("model")) {
            throw new KilnException.BadInput(zip.name() + " holds several programs; choose one (--program NAME): "
                + String.join(", ", models));
        }
        return !wanted.isEmpty() ? wanted : models.contains("model") ? "model" : models.getFirst();
    }

    private static Map<String, Weights.Slot> weights(ZipArchive zip, String folder, String model,
            List<String> tables) {
        if (zip.has(folder + model + ".pt")) {
            return TorchFile.read(zip, folder + model + ".pt");
        }
        return Stream.concat(tables.stream().map(t -> model + t), tables.stream().map(t -> t.substring(1)))
            .map(t -> folder + t + ".json").filter(zip::has).findFirst()
            .map(new PayloadFiles(zip, folder)::read).orElse(Map.of());
    }

    static Json json(ZipArchive zip, String entry) {
        MemorySegment bytes = zip.bytes(entry);
        if (Json.isTooLong(bytes.byteSize())) {
            throw new KilnException.Unsupported(zip.name() + ": entry '" + entry + "' is too long");
        }
        return Json.parse(entry, bytes.toArray(ValueLayout.JAVA_BYTE));
    }
}
