package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.metadata.ParameterMetadata;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.eager.EagerCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Calls of single ops with random arguments, every op: their metadata survives the encoding and tells calls apart, and
 * the graphs that they become, with fixed sizes or with symbols, give what libtorch gives.
 */
class EagerCallVsTorchTest extends OpOracle {
    private static final int CASES = 8;

    private final Map<String, String> callsByMetadata = new HashMap<>();

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return tests(1, CASES);
    }

    @Override
    List<Supplier<Map<String, ConstantValue>>> prepare(List<OracleCase> cases) {
        return cases.stream().<Supplier<Map<String, ConstantValue>>>map(c -> () -> run(c)).toList();
    }

    private Map<String, ConstantValue> run(OracleCase sample) {
        Map<Arg.Ref, Arg.Ref> references = new HashMap<>();
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        List<FakeTensor> tensors = new ArrayList<>();
        sample.operands().forEach((ref, operand) -> {
            references.put(ref, EagerCall.tensor(tensors.size()));
            inputs.put(EagerCall.name(tensors.size()), operand.value());
            tensors.add(FakeTensor.contiguous(operand.value().dtype(),
                operand.value().sizes().stream().map(SymInt::of).toList()));
        });
        List<Arg> args = sample.args().stream().map(a -> a.mapReferences(references::get)).toList();
        EagerCall call = EagerCall.of(sample.op(), shortened(sample, args), tensors);
        assertThat(call.args()).as("defaults are filled in").isEqualTo(args);
        requireTelling(call);
        return Interpreter.run(graph(call, new Random(sample.seed()).nextBoolean()), inputs);
    }

    /** Without the arguments at the end that are the defaults. */
    private static List<Arg> shortened(OracleCase sample, List<Arg> args) {
        int count = args.size();
        while (count > 0 && sample.op().schema().parameters().get(count - 1).defaultValue()
                .filter(args.get(count - 1)::equals).isPresent()) {
            count--;
        }
        return args.subList(0, count);
    }

    private void requireTelling(EagerCall call) {
        List<ParameterMetadata> metadata = call.metadata();
        assertThat(ParameterMetadata.decode(ParameterMetadata.encode(metadata))).isEqualTo(metadata);
        String text = call.args() + " " + call.tensors();
        String key = call.op() + java.util.HexFormat.of().formatHex(ParameterMetadata.encode(metadata));
        assertThat(callsByMetadata.merge(key, text, (earlier, now) -> earlier)).as("two calls of the same metadata")
            .isEqualTo(text);
    }

    /** With symbols if that is wanted and the op can do without knowing its sizes. */
    private static Graph graph(EagerCall call, boolean dynamic) {
        if (dynamic) {
            try {
                return call.dynamic().graph(call.tensors());
            } catch (KilnException e) {
                return call.graph(call.tensors());
            }
        }
        return call.graph(call.tensors());
    }
}
