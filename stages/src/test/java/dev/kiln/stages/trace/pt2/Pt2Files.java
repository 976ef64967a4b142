package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Imports archives that tests have made, and runs their graphs. */
final class Pt2Files {
    private Pt2Files() {
    }

    static Path write(Path folder, byte[] archive) {
        try {
            return Files.write(Files.createTempFile(folder, "tiny", ".pt2"), archive);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Graph load(Path folder, byte[] archive) {
        return Pt2Importer.importModel(write(folder, archive), TraceOptions.NONE);
    }

    static Graph load(Path folder, TinyProgram program) {
        return load(folder, Containers.raw(program, Style.DESCRIPTORS));
    }

    /** A tensor of 32-bit floats. */
    static ConstantValue tensor(List<Long> sizes, float... values) {
        return ConstantValue.floats(sizes, values);
    }

    static List<Double> run(Graph graph, String output, Map<String, ConstantValue> inputs) {
        ConstantValue value = Interpreter.run(graph, inputs).get(output);
        assertThat(value).as("output " + output).isNotNull();
        List<Double> values = new ArrayList<>();
        for (long i = 0; i < value.numel(); i++) {
            values.add(value.doubleAt(i));
        }
        return values;
    }
}
