package dev.kiln.cache.aot;

import dev.kiln.cache.KeyBuilder;
import dev.kiln.cache.KeyComponents;
import java.util.TreeMap;

/** Key of an AOT entry: everything that keys the compiled graph, plus the settings of AOTAutograd. */
public final class AotKey {
    /** Domain of AOT keys. */
    public static final String DOMAIN = "ka";

    private AotKey() {
    }

    /** @param traced components of the traced graph, of any domain */
    public static KeyComponents components(KeyComponents traced, AotOptions options) {
        var keys = new KeyBuilder(DOMAIN);
        keys.component("aot.num_params_buffers").number(options.numParamsBuffers());
        keys.component("aot.inference").flag(options.inference());
        keys.component("aot.keep_inference_input_mutations").flag(options.keepInferenceInputMutations());
        keys.component("aot.dynamic_shapes").flag(options.dynamicShapes());
        keys.component("aot.grad_enabled").flag(options.gradEnabled());
        keys.component("aot.autocast").text(options.autocastDtype());
        keys.component("aot.deterministic").flag(options.deterministic());
        keys.component("aot.export").flag(options.export());
        keys.component("aot.pre_dispatch").flag(options.preDispatch());
        keys.component("aot.no_tangents").flag(options.noTangents());
        var staticInputs = keys.component("aot.static_inputs");
        options.staticInputs().forEach(staticInputs::number);
        var hashes = new TreeMap<>(traced.hashes());
        hashes.putAll(keys.components().hashes());
        return new KeyComponents(DOMAIN, hashes);
    }
}
