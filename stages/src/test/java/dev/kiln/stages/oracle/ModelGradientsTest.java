package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.autograd.JointGraph;
import dev.kiln.stages.autograd.JointGraphBuilder;
import dev.kiln.stages.autograd.MinCutPartitioner;
import dev.kiln.stages.autograd.Partition;
import dev.kiln.stages.autograd.PartitionOptions;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Losses and gradients of whole models against libtorch's autograd. */
class ModelGradientsTest {

    @TestFactory
    Stream<DynamicTest> interpreted() {
        return cases((model, joint) -> compare(model, joint, Interpreter.run(joint.graph(), inputs(model, joint))));
    }

    @TestFactory
    Stream<DynamicTest> interpretedInTwoParts() {
        return cases((model, joint) -> {
            Partition cut = new MinCutPartitioner(PartitionOptions.defaults()).partition(joint);
            compare(model, joint, inTwoParts(cut, inputs(model, joint), Interpreter::run));
        });
    }

    @TestFactory
    Stream<DynamicTest> compiled() {
        List<DynamicTest> tests = new ArrayList<>();
        List<TrainedModel> models = new ArrayList<>();
        List<JointGraph> joints = new ArrayList<>();
        for (DType dtype : List.of(DType.F32, DType.F64)) {
            for (String name : TrainedModel.names()) {
                models.add(TrainedModel.of(name, dtype));
                joints.add(joint(models.getLast()));
            }
        }
        List<Program> programs = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            programs.add(new Program(joints.get(i).graph(), inputs(models.get(i), joints.get(i))));
        }
        var results = new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST).prepare(programs);
        for (int i = 0; i < models.size(); i++) {
            int n = i;
            tests.add(DynamicTest.dynamicTest(name(i), () -> compare(models.get(n), joints.get(n), results.get(n).get())));
        }
        return tests.stream();
    }

    private static String name(int i) {
        int models = TrainedModel.names().size();
        return TrainedModel.names().get(i % models) + (i < models ? " f32" : " f64");
    }

    private static Stream<DynamicTest> cases(BiConsumer<TrainedModel, JointGraph> test) {
        return TrainedModel.names().stream().flatMap(name -> Stream.of(DType.F32, DType.F64).map(dtype ->
            DynamicTest.dynamicTest(name + " " + dtype, () -> {
                TrainedModel model = TrainedModel.of(name, dtype);
                test.accept(model, joint(model));
            })));
    }

    private static JointGraph joint(TrainedModel model) {
        return JointGraphBuilder.build(model.graph(), model.parameters(), output -> output == 0);
    }

    private static Map<String, ConstantValue> inputs(TrainedModel model, JointGraph joint) {
        Map<String, ConstantValue> inputs = new HashMap<>(model.inputs());
        DType dtype = model.graph().tensor(model.graph().outputs().getFirst().value()).dtype();
        joint.tangents().forEach(t -> {
            ConstantValue one = ConstantValue.allocate(dtype, List.of());
            one.set(0, 1);
            inputs.put(t.source(), one);
        });
        return inputs;
    }

    /** Forward, then backward with what was saved. */
    static Map<String, ConstantValue> inTwoParts(Partition cut, Map<String, ConstantValue> inputs,
            BiFunction<Graph, Map<String, ConstantValue>, Map<String, ConstantValue>> executor) {
        Map<String, ConstantValue> forward = executor.apply(cut.forward(), of(cut.forward(), inputs));
        Map<String, ConstantValue> known = new HashMap<>(inputs);
        cut.saved().stream().filter(forward::containsKey).forEach(s -> known.put(s, forward.get(s)));
        Map<String, ConstantValue> all = new HashMap<>(forward);
        all.putAll(executor.apply(cut.backward(), of(cut.backward(), known)));
        return all;
    }

    private static Map<String, ConstantValue> of(Graph graph, Map<String, ConstantValue> values) {
        Map<String, ConstantValue> own = new HashMap<>();
        graph.placeholders().forEach(p -> own.put(p.source(), values.get(p.source())));
        return own;
    }

    /** Each gradient relative to its own largest element. */
    private static void compare(TrainedModel model, JointGraph joint, Map<String, ConstantValue> actual) {
        TorchModel.Answer expected = TorchModel.run(model.graph(), model.inputs(), model.parameters());
        assertThat(joint.gradients()).containsExactlyInAnyOrderElementsOf(model.parameters());
        expected.outputs().forEach((name, value) -> same(name, value, actual.get(name)));
        expected.gradients().forEach((name, value) -> same("gradient of " + name, value,
            actual.get(JointGraph.GRADIENT + name)));
    }

    private static void same(String what, ConstantValue expected, ConstantValue actual) {
        double largest = 0;
        for (long i = 0; i < expected.numel(); i++) {
            largest = Math.max(largest, Math.abs(expected.doubleAt(i)));
        }
        assertThat(largest).as(what).isPositive();
        double relative = expected.dtype() == DType.F64 ? 1e-9 : 1e-4;
        assertThat(new Tolerance(largest * relative, 0).mismatch(expected, actual)).as(what).isEmpty();
    }
}
