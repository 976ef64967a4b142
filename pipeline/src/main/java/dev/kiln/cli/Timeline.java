package dev.kiln.cli;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.kiln.CompileInfo;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.file.Path;

/** The spans of a compile in Chrome's trace event format, which Perfetto reads as well. */
final class Timeline {
    private Timeline() {
    }

    static void write(Path file, CompileInfo info) {
        try (JsonGenerator json = new JsonFactory().createGenerator(file.toFile(), JsonEncoding.UTF8)) {
            json.writeStartObject();
            json.writeArrayFieldStart("traceEvents");
            for (CompileInfo.Span span : info.spans()) {
                json.writeStartObject();
                json.writeStringField("name", span.phase());
                json.writeStringField("cat", "compile");
                json.writeStringField("ph", "X");
                json.writeNumberField("ts", span.startNanos() / 1000.0);
                json.writeNumberField("dur", (span.endNanos() - span.startNanos()) / 1000.0);
                json.writeNumberField("pid", 1);
                json.writeStringField("tid", span.thread());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeStringField("displayTimeUnit", "ms");
            json.writeEndObject();
        } catch (IOException e) {
            throw new KilnException.BadInput("cannot write --trace " + file + ": " + e.getMessage(), e);
        }
    }
}
