package dev.kiln.cache.aot;

import java.util.List;

/**
 * The settings of AOTAutograd that change what it produces. Each is a key component of its own.
 *
 * @param numParamsBuffers how many leading inputs are parameters or buffers
 * @param autocastDtype dtype of autocast, or the empty text when autocast is off
 * @param staticInputs indices of inputs whose address never changes
 */
public record AotOptions(int numParamsBuffers, boolean inference, boolean keepInferenceInputMutations,
                         boolean dynamicShapes, boolean gradEnabled, String autocastDtype,
                         boolean deterministic, boolean export, boolean preDispatch, boolean noTangents,
                         List<Integer> staticInputs) {
    public AotOptions {
        staticInputs = List.copyOf(staticInputs);
    }

    /** Inference without gradients, autocast or dynamic shapes. */
    public static AotOptions inference(int numParamsBuffers) {
        return new AotOptions(numParamsBuffers, true, true, false, false, "", false, false, false, false,
                List.of());
    }
}
