package dev.kiln.stages.trace.pt2;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kiln.stages.trace.pt2.TinyProgram.Weight;
import dev.kiln.stages.trace.pt2.archive.TorchSaver;
import dev.kiln.stages.trace.pt2.archive.ZipWriter;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a program as each container that PyTorch has had. */
final class Containers {
    private Containers() {
    }

    /** PyTorch 2.9 on: one raw file a storage. */
    static byte[] raw(TinyProgram program, Style style) {
        ZipWriter zip = start(program, style);
        List<String> order = new ArrayList<>(program.storages.keySet());
        raw(zip, program, "weights", program.weights, order, "weight_");
        raw(zip, program, "constants", program.constants, order, "tensor_");
        return zip.bytes();
    }

    private static ZipWriter start(TinyProgram program, Style style) {
        return new ZipWriter(style).add("tiny/archive_format", "pt2").add("tiny/archive_version", "0")
            .add("tiny/byteorder", "little").add("tiny/.data/version", "6\n")
            .add("tiny/models/model.json", text(program.root)).add("tiny/data/sample_inputs/model.pt", new byte[0]);
    }

    private static void raw(ZipWriter zip, TinyProgram program, String folder, Map<String, Weight> weights,
            List<String> order, String prefix) {
        ObjectNode table = TinyProgram.object("{'config':{}}");
        weights.forEach((name, weight) -> {
            ObjectNode entry = ((ObjectNode) table.get("config")).putObject(name)
                .put("path_name", prefix + order.indexOf(weight.storage())).put("is_param", true)
                .put("use_pickle", false);
            entry.set("tensor_meta", TinyProgram.meta(7, weight.offset(), weight.sizes(), weight.strides()));
        });
        weights.values().stream().map(Weight::storage).distinct().forEach(storage ->
            zip.add("tiny/data/" + folder + "/" + prefix + order.indexOf(storage), program.storages.get(storage)));
        zip.add("tiny/data/" + folder + "/model_" + folder + "_config.json", text(table));
    }

    /** PyTorch 2.8: one torch.save file for all weights, one for all constants. */
    static byte[] saved(TinyProgram program, Style style) {
        return start(program, style).add("tiny/data/weights/model.pt", save(program, program.weights, style))
            .add("tiny/data/constants/model.pt", save(program, program.constants, style)).bytes();
    }

    /** PyTorch 2.1 to 2.7: flat names. */
    static byte[] legacy(TinyProgram program, JsonNode json, boolean constants) {
        ZipWriter zip = new ZipWriter(Style.PLAIN).add("serialized_exported_program.json", text(json))
            .add("serialized_state_dict.pt", save(program, program.weights, Style.PLAIN));
        if (constants) {
            zip.add("serialized_constants.pt", save(program, program.constants, Style.PLAIN));
        }
        return zip.add("serialized_example_inputs.pt", new byte[0]).add("version", "8.2").bytes();
    }

    private static byte[] save(TinyProgram program, Map<String, Weight> weights, Style style) {
        Map<String, TorchSaver.View> views = new LinkedHashMap<>();
        weights.forEach((name, w) -> views.put(name, new TorchSaver.View(w.storage(), w.offset(), w.sizes(),
            w.strides())));
        return TorchSaver.save(style, views, program.storages);
    }

    static String text(JsonNode json) {
        try {
            return TinyProgram.JSON.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
