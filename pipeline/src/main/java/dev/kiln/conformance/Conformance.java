package dev.kiln.conformance;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.conformance.CaseResult.Status;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.TraceOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Compiles and runs cases. A model is compiled as it is first. If that is not possible, because a shape
 * depends on the values of an input, it is compiled for the shapes of the data set and the values of its small
 * inputs, as far as the compiler has to know them.
 */
public final class Conformance {
    private static final long MAX_KNOWN_VALUES = 4096;
    private static final String RANDOM = "random numbers: only types and shapes compared";

    private final Kiln kiln;
    private final CompileOptions options;
    private final Comparison comparison;

    public Conformance(Kiln kiln, CompileOptions options, Comparison comparison) {
        this.kiln = kiln;
        this.options = options;
        this.comparison = comparison;
    }

    /** Every folder below with a {@code model.onnx}, in order of their paths. */
    public static List<Path> find(Path root) {
        if (!Files.isDirectory(root)) {
            throw new KilnException.BadInput(root + ": no such folder");
        }
        try {
            return TestCase.below(root);
        } catch (IOException | UncheckedIOException e) {
            throw new KilnException.BadInput("cannot read " + root + ": " + e.getMessage(), e);
        }
    }

    /** Runs one case; never throws because of it. */
    public CaseResult run(String name, Path folder) {
        try {
            TestCase test = TestCase.of(folder);
            if (test.dataSets().isEmpty()) {
                return new CaseResult(name, Status.UNSUPPORTED, "there is no test_data_set_0");
            }
            boolean compared = true;
            for (Path set : test.dataSets()) {
                TestCase.Data data = test.data(set);
                Map<String, Tensor> actual = outputs(test, data);
                Optional<String> difference = difference(data, actual);
                boolean excused = test.isRandom() && alike(data, actual);
                if (difference.isPresent() && !excused) {
                    return new CaseResult(name, Status.FAILED, difference.get());
                }
                compared &= difference.isEmpty();
            }
            return new CaseResult(name, Status.PASSED, compared ? "" : RANDOM);
        } catch (KilnException.Unsupported e) {
            return new CaseResult(name, Status.UNSUPPORTED, e.getMessage());
        } catch (IOException | RuntimeException e) {
            String reason = e instanceof KilnException ? e.getMessage() : e.toString();
            return new CaseResult(name, Status.FAILED, reason);
        }
    }

    private Optional<String> difference(TestCase.Data data, Map<String, Tensor> actual) {
        return data.outputs().entrySet().stream().flatMap(expected -> comparison.difference(expected.getKey(),
            expected.getValue(), actual.get(expected.getKey())).stream()).findFirst();
    }

    private static boolean alike(TestCase.Data data, Map<String, Tensor> actual) {
        return data.outputs().entrySet().stream().allMatch(expected ->
            Comparison.isAlike(expected.getValue(), actual.get(expected.getKey())));
    }

    private Map<String, Tensor> outputs(TestCase test, TestCase.Data data) throws IOException {
        if (!test.contradicts(data)) {
            return outputs(test.model(), data);
        }
        Path corrected = Files.createTempFile("kiln-case", ".onnx");
        try {
            Files.write(corrected, test.withShapesOf(data));
            return outputs(corrected, data);
        } finally {
            Files.delete(corrected);
        }
    }

    private Map<String, Tensor> outputs(Path model, TestCase.Data data) {
        try {
            return outputs(model, data, TraceOptions.NONE);
        } catch (KilnException.BadInput e) {
            return outputs(model, data, known(data.inputs()));
        }
    }

    private Map<String, Tensor> outputs(Path file, TestCase.Data data, TraceOptions trace) {
        try (CompiledModel model = kiln.compileBlocking(new CompileRequest(file, trace, options))) {
            Map<String, Tensor> inputs = new LinkedHashMap<>();
            for (TensorSpec input : model.inputs()) {
                if (data.inputs().containsKey(input.name())) {
                    inputs.put(input.name(), data.inputs().get(input.name()));
                }
            }
            return model.run(inputs);
        }
    }

    private static TraceOptions known(Map<String, Tensor> inputs) {
        TraceOptions trace = TraceOptions.NONE;
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
            Tensor tensor = input.getValue();
            trace = trace.withPin(input.getKey(), tensor.shape());
            if (tensor.numel() <= MAX_KNOWN_VALUES) {
                List<Long> sizes = Arrays.stream(tensor.shape()).boxed().toList();
                trace = trace.withValue(input.getKey(),
                    new ConstantValue(tensor.dtype(), sizes, tensor.data()));
            }
        }
        return trace;
    }
}
