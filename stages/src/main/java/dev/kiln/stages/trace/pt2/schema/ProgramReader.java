package dev.kiln.stages.trace.pt2.schema;

import dev.kiln.ops.KilnException;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * Reads the JSON of an exported program, of schema 1 (PyTorch 2.1) to 8 (2.6 to 2.11). It goes by the shape of what
 * it finds, not by the version: fields that are unknown are left alone, missing ones have their default.
 */
public final class ProgramReader {
    private static final long NEWEST = 8;
    /** The last minor version whose additions are known. */
    private static final long NEWEST_MINOR = 20;

    private ProgramReader() {
    }

    /** @throws KilnException.BadInput if it is no exported program */
    public static Program read(Json json) {
        requireKnown(json);
        Json module = json.get("graph_module");
        ProgramGraph graph = GraphReader.read(module.get("graph"));
        SignatureReader signature = new SignatureReader(module.get("signature"), graph);
        Program program = new Program(graph, signature.inputs(), signature.outputs(),
            json.get("range_constraints").map(ProgramReader::range));
        requireSameCount(json, "inputs", graph.inputs(), program.inputs());
        requireSameCount(json, "outputs", graph.outputs(), program.outputs());
        return program;
    }

    /** The metadata of a tensor in a list of weights. */
    public static TensorMeta tensorMeta(Json json) {
        return GraphReader.tensor(json);
    }

    private static void requireKnown(Json json) {
        Json version = json.get("schema_version");
        long major = version.isObject() ? version.get("major").integer() : version.integer();
        if (major < 1) {
            throw new KilnException.BadInput(version.path() + ": there is no version " + major);
        }
        if (major > NEWEST) {
            throw new KilnException.Unsupported(version.path() + ": version " + major
                + " is newer than " + NEWEST + ", the newest that is supported");
        }
        long minor = version.isObject() ? version.optional("minor", Json::integer).orElse(0L) : 0;
        if (major == NEWEST && minor > NEWEST_MINOR) {
            LoggerFactory.getLogger(ProgramReader.class).warn("{}: version {}.{} is newer than {}.{}; what it adds may be"
                + " misread or refused", version.path(), major, minor, NEWEST, NEWEST_MINOR);
        }
    }

    private static Program.Range range(Json json) {
        return new Program.Range(bound(json.get("min_val"), Long.MIN_VALUE), bound(json.get("max_val"),
            Long.MAX_VALUE));
    }

    /** No bound is null, an infinity, or in old files a huge number. */
    private static long bound(Json json, long none) {
        if (json.isNull()) {
            return none;
        }
        if (json.isInteger()) {
            long value = json.integer();
            return value >= Long.MAX_VALUE - 1 ? Long.MAX_VALUE : value;
        }
        double value = json.real();
        return value == Double.POSITIVE_INFINITY ? Long.MAX_VALUE
            : value == Double.NEGATIVE_INFINITY ? Long.MIN_VALUE : Math.round(value);
    }

    private static void requireSameCount(Json json, String what, List<?> values, List<?> specs) {
        if (values.size() != specs.size()) {
            throw new KilnException.BadInput(json.path() + ": the graph has " + values.size() + " " + what
                + ", its signature " + specs.size());
        }
    }
}
