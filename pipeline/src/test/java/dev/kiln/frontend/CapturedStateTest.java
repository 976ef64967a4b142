package dev.kiln.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.nn.BatchNorm1d;
import dev.kiln.nn.Linear;
import dev.kiln.nn.Module;
import dev.kiln.nn.ReLU;
import dev.kiln.nn.SafeTensors;
import dev.kiln.nn.Sequential;
import dev.kiln.ops.KilnException;
import dev.kiln.tensor.CapturedState;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import dev.kiln.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a function sees, and the names, files and modes of modules. */
class CapturedStateTest {
    private static final class Model extends Module {
        private final Linear fc1 = new Linear(3, 4, new Generator(1));
        private final Sequential rest = new Sequential(new ReLU(), new Linear(4, 2, new Generator(2)), new BatchNorm1d(2));
        private double scale = 2;
        private String mode = "plain";
        private final List<Tensor> extra = new ArrayList<>(List.of(Torch.ones(2)));
        private Linear spare;

        Tensor forward(Tensor x) {
            return rest.forward(fc1.forward(x)).mul(scale);
        }
    }

    private final Model model = new Model();
    private final TensorFunction function = function(model);

    private static TensorFunction function(Model model) {
        return in -> List.of(model.forward(in.getFirst()));
    }

    @Test
    void findsTensorsByTheirPaths() {
        CapturedState state = CapturedState.of(function);
        assertThat(state.places().stream().map(CapturedState.Place::name)).contains("model.fc1.weight", "model.fc1.bias",
            "model.rest.layers.1.weight", "model.rest.layers.2.running_mean", "model.extra.0");
        CapturedState.Place place = state.place(model.fc1.weight);
        assertThat(place.tensor()).isSameAs(model.fc1.weight);
        Tensor other = Torch.zeros(4, 3);
        model.fc1.weight = other;
        assertThat(place.tensor()).isSameAs(other);
        assertThat(state.changed()).isEmpty();
        assertThat(state.place(other).tensor()).isSameAs(other);
    }

    @Test
    void tellsWhatChanged() {
        CapturedState state = CapturedState.of(function);
        assertThat(state.changed()).isEmpty();
        model.eval();
        assertThat(state.changed()).hasValueSatisfying(r -> assertThat(r).endsWith("training was true, is false"));
        model.train();
        assertThat(state.changed()).isEmpty();
        model.scale = 3;
        assertThat(state.changed()).hasValue("model.scale was 2.0, is 3.0");
        model.scale = 2;
        model.mode = "other";
        assertThat(state.changed()).hasValue("model.mode was plain, is other");
        model.mode = "plain";
        model.spare = new Linear(1, 1, new Generator(1));
        assertThat(state.changed()).hasValue("model.spare was null, is set");
        model.spare = null;
        model.extra.add(Torch.ones(1));
        assertThat(state.changed()).hasValue("model.extra had 1 elements, has 2");
        model.extra.removeLast();
        model.fc1.bias = null;
        assertThat(state.changed()).hasValue("model.fc1.bias was a tensor, is null");
    }

    @Test
    void capturedNumbersCannotChange() {
        double factor = 3;
        TensorFunction scaled = in -> List.of(in.getFirst().mul(factor));
        assertThat(CapturedState.of(scaled).conditions()).isZero();
    }

    @Test
    void seesIntoWhatHoldsOtherObjects() {
        AtomicInteger count = new AtomicInteger(1);
        AtomicReference<Tensor> weight = new AtomicReference<>(Torch.ones(2));
        Set<String> modes = new LinkedHashSet<>(Set.of("plain"));
        Set<Tensor> tensors = new LinkedHashSet<>(Set.of(Torch.ones(2)));
        Optional<Model> part = Optional.of(model);
        TensorFunction sees = in -> List.of(in.getFirst().mul(weight.get()).mul(count.get() + modes.size() + tensors.size()
            + part.get().scale));
        CapturedState state = CapturedState.of(sees);
        assertThat(state.changed()).isEmpty();
        count.set(2);
        assertThat(state.changed()).hasValueSatisfying(r -> assertThat(r).endsWith("was 1, is 2"));
        count.set(1);
        modes.add("other");
        assertThat(state.changed()).hasValueSatisfying(r -> assertThat(r).endsWith("has other elements"));
        modes.remove("other");
        tensors.clear();
        tensors.add(Torch.ones(2));
        assertThat(state.changed()).isPresent();
        model.scale = 5;
        assertThat(CapturedState.of(sees).changed()).isEmpty();
        Tensor first = weight.get();
        CapturedState.Place place = CapturedState.of(sees).place(first);
        weight.set(Torch.zeros(2));
        assertThat(place.tensor()).isSameAs(weight.get());
    }

    @Test
    void namesAreTorchs() {
        assertThat(model.named_parameters().keySet()).containsExactly("fc1.weight", "fc1.bias", "rest.1.weight",
            "rest.1.bias", "rest.2.weight", "rest.2.bias");
        assertThat(model.named_buffers().keySet()).containsExactly("rest.2.running_mean", "rest.2.running_var",
            "rest.2.num_batches_tracked");
        assertThat(model.eval().modules()).noneMatch(Module::training);
        assertThat(model.parameters()).allMatch(Tensor::requires_grad);
    }

    @Test
    void stateGoesThroughAFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        model.save(file);
        Model other = new Model();
        other.parameters().forEach(Tensor::zero_);
        other.load(file);
        model.state_dict().forEach((name, tensor) ->
            assertThat(other.state_dict().get(name).toDoubleArray()).as(name).isEqualTo(tensor.toDoubleArray()));
        assertThatThrownBy(() -> new Linear(3, 4, new Generator(1)).load(file)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("weight is missing").hasMessageContaining("fc1.weight is not known");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 3));
        assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("incomplete");
        Files.write(file, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> SafeTensors.read(file)).hasMessageContaining("no header");
        assertThatThrownBy(() -> model.load_state_dict(Map.of())).hasMessageContaining("fc1.weight is missing");
    }

    @Test
    void initialValuesHaveTorchsBounds() {
        float[] weight = new Linear(100, 50, new Generator(3)).weight.toFloatArray();
        double most = 0;
        double squares = 0;
        for (float w : weight) {
            most = Math.max(most, Math.abs(w));
            squares += w * w;
        }
        assertThat(most).isBetween(0.09, 0.1);
        assertThat(squares / weight.length).isCloseTo(0.01 / 3, org.assertj.core.data.Percentage.withPercentage(10));
        assertThat(new Linear(100, 50, new Generator(3)).weight.toFloatArray()).isEqualTo(weight);
    }
}
