package dev.kiln.stages.trace;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.onnx.OnnxImporter;
import dev.kiln.stages.trace.pt2.Pt2Importer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The trace phase: reads a model file, of whichever kind its content is, into a graph. */
public final class TracePhase {
    private static final byte[] ZIP = {'P', 'K', 3, 4};

    private TracePhase() {
    }

    public static Traced run(CompileRequest request) {
        Path model = request.model();
        requireReadable(model);
        boolean exported = isExportedProgram(model);
        if (!exported && !request.trace().program().isEmpty()) {
            throw new KilnException.BadInput(model.getFileName() + ": only a .pt2 file has programs to choose from");
        }
        Graph graph = exported ? Pt2Importer.importModel(model, request.trace())
            : OnnxImporter.importModel(model, request.trace());
        Traced traced = new Traced(model.getFileName().toString(),
            request.options().emulatePrecisionCasts() ? LowPrecisionBarriers.mark(graph) : graph);
        request.options().debug().dump("traced", traced.graph());
        return traced;
    }

    /** @throws KilnException.BadInput if there is no such file, or it is of a kind that is not known */
    public static void requireReadable(Path model) {
        if (!Files.isRegularFile(model) || !Files.isReadable(model)) {
            throw new KilnException.BadInput(model + ": no such model file");
        }
        if (model.toString().endsWith(".onnx") || isExportedProgram(model)) {
            return;
        }
        if (model.toString().endsWith(".pt2")) {
            throw new KilnException.BadInput(model + ": not a .pt2 file (it is no ZIP archive)");
        }
        throw new KilnException.BadInput(model
            + ": unknown kind of model; a .onnx file or one of torch.export.save (.pt2) expected");
    }

    /** Whether it is a file of {@code torch.export.save}, whatever its name: a ZIP archive, which no ONNX file is. */
    public static boolean isExportedProgram(Path model) {
        try (InputStream in = Files.newInputStream(model)) {
            return Arrays.equals(in.readNBytes(ZIP.length), ZIP);
        } catch (IOException e) {
            throw new KilnException.BadInput(model + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
