package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.autograd.JointGraph;
import dev.kiln.stages.autograd.JointGraphBuilder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One call to differentiate. Complex tensors are pairs of numbers outside.
 *
 * @param coarse whether values are drawn to be equal often
 * @param fixed floating tensors that libtorch has no gradients for
 */
record GradientCase(OracleCase sample, boolean coarse, Set<Arg.Ref> fixed) {
    GradientCase(OracleCase sample, boolean coarse) {
        this(sample, coarse, Set.of());
    }

    /** With the tensors of one more parameter fixed. */
    GradientCase without(String parameter) {
        Set<Arg.Ref> more = new LinkedHashSet<>(fixed);
        for (int i = 0; i < sample.args().size(); i++) {
            if (sample.op().schema().parameters().get(i).name().equals(parameter)) {
                more.addAll(sample.args().get(i).references());
            }
        }
        return new GradientCase(sample, coarse, more);
    }

    /** What the references stand for, complex tensors as pairs. */
    Map<Arg.Ref, ConstantValue> tensors() {
        Map<Arg.Ref, ConstantValue> tensors = new LinkedHashMap<>();
        sample.tensors().forEach((ref, value) -> tensors.put(ref,
            value.dtype().isComplex() ? Tolerance.parts(value) : value));
        return tensors;
    }

    Set<Arg.Ref> complex() {
        return sample.tensors().entrySet().stream().filter(e -> e.getValue().dtype().isComplex())
            .map(Map.Entry::getKey).collect(Collectors.toSet());
    }

    /** Every floating tensor that is not fixed. */
    Set<Arg.Ref> wanted() {
        return tensors().entrySet().stream().filter(e -> e.getValue().dtype().isFloating()
            && e.getValue().dtype().bytes() >= 4).map(Map.Entry::getKey).filter(r -> !fixed.contains(r))
            .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    Map<String, ConstantValue> inputs() {
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        tensors().forEach((ref, value) -> inputs.put(ref.node(), value));
        return inputs;
    }

    /** The call on inputs that lie in row-major order. */
    Graph forward() {
        return forward(false);
    }

    /** @param open whether sizes are symbols, one for equal sizes, unless they are 0 or 1 */
    Graph forward(boolean open) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv(new ShapePolicy(true, true)));
        Map<Arg.Ref, Arg.Ref> refs = new HashMap<>();
        tensors().forEach((ref, value) -> {
            List<SymInt> sizes = value.sizes().stream().map(n -> open ? g.shapes().size(n) : SymInt.of(n)).toList();
            Arg.Ref input = g.placeholder(ref.node(), FakeTensor.contiguous(value.dtype(), sizes));
            refs.put(ref, complex().contains(ref) ? g.call("aten.view_as_complex.default", input) : input);
        });
        Arg.Ref first = g.call(sample.op(), sample.args().stream().map(a -> a.mapReferences(refs::get)).toList());
        int outputs = g.node(first).outputs().size();
        for (int i = 0; i < outputs; i++) {
            Arg.Ref out = new Arg.Ref(first.node(), i);
            g.output("out" + i, g.tensor(out).dtype().isComplex() ? g.call("aten.view_as_real.default", out) : out);
        }
        return g.build();
    }

    JointGraph joint(Graph forward) {
        return JointGraphBuilder.build(forward, wanted().stream().map(Arg.Ref::node).collect(Collectors.toSet()),
            output -> true);
    }

    /** A random gradient of an output. */
    ConstantValue tangent(int output, ConstantValue value) {
        Random random = new Random(sample.seed() * 31 + output);
        ConstantValue tangent = ConstantValue.allocate(value.dtype(), value.sizes());
        for (long i = 0; i < tangent.numel(); i++) {
            tangent.set(i, random.nextGaussian());
        }
        return tangent;
    }

    /** libtorch's answer. */
    TorchGradients.Answer asked() {
        return TorchGradients.run(sample.op(), sample.args(), tensors(), complex(), wanted(), this::tangent);
    }

    /** Whether finite differences mean something: f64 throughout, and not drawn to meet kinks. */
    boolean isSmooth() {
        return !coarse && tensors().values().stream().noneMatch(v -> v.dtype().isFloating() && v.dtype() != DType.F64);
    }

}
