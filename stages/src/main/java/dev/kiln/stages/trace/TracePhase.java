package dev.kiln.stages.trace;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.onnx.OnnxImporter;
import java.nio.file.Files;
import java.nio.file.Path;

/** The trace phase: reads a model file into a graph. */
public final class TracePhase {
    private TracePhase() {
    }

    public static Traced run(CompileRequest request) {
        Path model = request.model();
        requireReadable(model);
        Traced traced = new Traced(model.getFileName().toString(), OnnxImporter.importModel(model, request.trace()));
        request.options().debug().dump("traced", traced.graph());
        return traced;
    }

    /** @throws KilnException.BadInput if there is no such file, or it is of a kind that is not known */
    public static void requireReadable(Path model) {
        if (!Files.isRegularFile(model) || !Files.isReadable(model)) {
            throw new KilnException.BadInput(model + ": no such model file");
        }
        if (!model.toString().endsWith(".onnx")) {
            throw new KilnException.BadInput(model + ": unknown kind of model; a .onnx file expected");
        }
    }
}
