package dev.kiln.stages;

import dev.kiln.cache.Blob;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.ContentDigest;
import dev.kiln.cache.KeyBuilder;
import dev.kiln.cache.KeyComponents;
import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotKey;
import dev.kiln.cache.aot.AotOptions;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.postgrad.PostGradPasses;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.function.TracedFunction;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What enters the keys of the caches. Each component is hashed on its own, so that a miss can be explained. */
public final class CompileKeys {
    private static final String ARTIFACT_DOMAIN = "kg";
    private static final String REQUEST_DOMAIN = "kr";
    private static final String EAGER_DOMAIN = "ke";

    private CompileKeys() {
    }

    /** The key of a request without the model: where it led is remembered with the model file's content. */
    public static CacheKey request(CompileRequest request, Environment environment) {
        KeyBuilder key = new KeyBuilder(REQUEST_DOMAIN);
        machineAndOptions(key, request.options(), environment);
        TraceOptions trace = request.trace();
        key.component("trace").map(text(trace.pins())).map(text(trace.hints())).map(trace.open().describe())
            .text(trace.program());
        Map<String, String> values = new TreeMap<>();
        trace.values().forEach((name, value) -> values.put(name, describe(value)));
        key.component("trace.values").map(values);
        return key.key();
    }

    /** The key of an op that is called on its own, without its parameters: they are kept beside it. */
    public static CacheKey eager(String overload, CompileOptions options, Environment environment) {
        KeyBuilder key = new KeyBuilder(EAGER_DOMAIN);
        machineAndOptions(key, options, environment);
        key.component("op").text("cpu").text(overload);
        return key.key();
    }

    /** The artifact's key: graph, constants, options, target, compiler, library versions, Kiln's own build. */
    public static KeyComponents artifact(Graph graph, CompileOptions options, Environment environment) {
        return graph(graph, CanonicalGraph.text(graph), options, environment);
    }

    /** As {@link #artifact(Graph, CompileOptions, Environment)}, for a part of a traced function. */
    public static KeyComponents artifact(GraphSplit split, CompileOptions options, Environment environment) {
        KeyComponents graph = artifact(split.forward(), options, environment);
        if (split.kept().isEmpty() && split.roomFor().isEmpty() && split.writtenBack().isEmpty()) {
            return graph;
        }
        KeyBuilder own = new KeyBuilder(ARTIFACT_DOMAIN);
        own.component("kept").list(split.kept());
        own.component("room_for").list(split.roomFor());
        own.component("written_back").map(new TreeMap<>(split.writtenBack()));
        Map<String, String> hashes = new TreeMap<>(graph.hashes());
        hashes.putAll(own.components().hashes());
        return new KeyComponents(ARTIFACT_DOMAIN, new TreeMap<>(hashes));
    }

    private static KeyComponents graph(Graph graph, String text, CompileOptions options, Environment environment) {
        KeyBuilder key = new KeyBuilder(ARTIFACT_DOMAIN);
        machineAndOptions(key, options, environment);
        key.component("graph").text(text);
        key.component("constants").list(constants(graph).stream().map(Blob::digest).toList());
        key.component("passes").list(PostGradPasses.names()).set(options.debug().excludedPasses());
        return key.components();
    }

    /** The AOTAutograd entry's key. */
    public static KeyComponents aot(KeyComponents artifact, Graph traced) {
        boolean dynamic = !traced.shapes().symbols().isEmpty();
        return AotKey.components(artifact, new AotOptions(0, true, true, dynamic, false, "", false, false, false,
            false, List.of()));
    }

    /**
     * The AOTAutograd entry's key of a traced function.
     *
     * @param training whether gradients are recorded
     * @param settings what else decides how the function is split: the partitioner's options, autocast
     */
    public static KeyComponents function(TracedFunction function, boolean training, Map<String, String> settings,
            CompileOptions options, Environment environment) {
        KeyComponents graph = graph(function.graph(), CanonicalGraph.withoutHints(function.graph()), options, environment);
        boolean dynamic = !function.graph().shapes().symbols().isEmpty();
        int parameters = (int) function.inputs().stream().filter(i -> i.kind() != AotEntry.InputKind.USER_INPUT).count();
        KeyBuilder own = new KeyBuilder(AotKey.DOMAIN);
        own.component("aot.inputs").list(function.inputs().stream().map(AotEntry.Input::toString).toList());
        own.component("aot.outputs").list(function.outputs().stream().map(AotEntry.Output::toString).toList());
        own.component("aot.settings").map(new TreeMap<>(settings));
        Map<String, String> hashes = new TreeMap<>(graph.hashes());
        hashes.putAll(own.components().hashes());
        return AotKey.components(new KeyComponents(AotKey.DOMAIN, new TreeMap<>(hashes)), new AotOptions(parameters,
            !training, true, dynamic, training, "", false, false, false, false, List.of()));
    }

    /** Identifies this build of the compiler. */
    public static String build() {
        return BuildId.get();
    }

    private static void machineAndOptions(KeyBuilder key, CompileOptions options, Environment environment) {
        key.component("build").text(BuildId.get());
        key.component("target").text(environment.target(options).fingerprint())
            .number(environment.cpu().l1dBytes()).number(environment.cpu().l2Bytes());
        key.component("threads").number(options.threads());
        key.component("options").field("autotune", options.autotune().name())
            .field("emulate_precision_casts", options.emulatePrecisionCasts())
            .field("precision", options.precision().text());
        key.component("seed").number(options.seed());
        key.component("tag").text(environment.cache().settings().tag());
        key.component("libraries").list(LibraryKernels.versions());
    }

    private static List<Blob> constants(Graph graph) {
        List<Node.Constant> constants = graph.constants();
        return (constants.size() > 1 ? constants.parallelStream() : constants.stream()).map(Node.Constant::value)
            .map(v -> ContentDigest.of(v.data())).toList();
    }

    private static String describe(ConstantValue value) {
        return value.dtype() + value.sizes().toString() + ContentDigest.of(value.data()).digest();
    }

    private static Map<String, String> text(Map<String, List<Long>> shapes) {
        Map<String, String> text = new TreeMap<>();
        shapes.forEach((name, shape) -> text.put(name, Arrays.toString(shape.toArray())));
        return text;
    }
}
