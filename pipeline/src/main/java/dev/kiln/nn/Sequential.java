package dev.kiln.nn;

import dev.kiln.tensor.Tensor;
import java.util.List;

/** Layers one after the other, named by their place. */
public final class Sequential extends Module implements Layer {
    private final List<Layer> layers;

    public Sequential(Layer... layers) {
        this.layers = List.of(layers);
    }

    @Override
    protected void members(Members members) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i) instanceof Module module) {
                members.module(Integer.toString(i), module);
            }
        }
    }

    @Override
    public Tensor forward(Tensor input) {
        Tensor value = input;
        for (Layer layer : layers) {
            value = layer.forward(value);
        }
        return value;
    }
}
