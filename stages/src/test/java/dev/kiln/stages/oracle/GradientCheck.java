package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.autograd.JointGraph;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * One case with libtorch's gradients, to be compared with an executor's of the joint graph.
 *
 * @param joint empty if {@code failure} says why there is none
 */
record GradientCheck(GradientCase sample, TorchGradients.Answer expected, Optional<JointGraph> joint,
        Optional<String> failure) {
    private static final double F64 = 1e-9;
    private static final double F32 = 1e-4;
    private static final double SAME = 1e-9;
    private static final double SAME_F32 = 1e-3;
    private static final double LEAST = 1e-3;

    /** @throws TorchOracle.Rejected if libtorch does not take the case, or does not differentiate it */
    static GradientCheck of(GradientCase sample) {
        TorchGradients.Answer expected = sample.asked();
        try {
            return new GradientCheck(sample, expected, Optional.of(sample.joint(sample.forward())), Optional.empty());
        } catch (RuntimeException e) {
            return new GradientCheck(sample, expected, Optional.empty(), Optional.of("Kiln fails: " + e));
        }
    }

    /**
     * With libtorch's gradients; with those of the reference interpreter, which are compared elsewhere, if libtorch has
     * none or draws other random numbers.
     */
    static GradientCheck reference(GradientCase sample) {
        if (GradientExceptions.find(sample).isEmpty()) {
            try {
                GradientCheck check = of(sample);
                if (check.joint().isEmpty() || check.hasOutputs(check.interpreted())) {
                    return check;
                }
            } catch (TorchOracle.Rejected e) {
                Matcher fixed = OpGradients.FIXED.matcher(e.getMessage());
                boolean fewer = fixed.find() && sample.without(fixed.group(1)).wanted().size() < sample.wanted().size();
                return fewer ? reference(sample.without(fixed.group(1))) : interpreted(sample);
            }
        }
        return interpreted(sample);
    }

    private static GradientCheck interpreted(GradientCase sample) {
        Graph forward = sample.forward();
        List<ConstantValue> outputs = List.copyOf(Interpreter.run(forward, sample.inputs()).values());
        JointGraph joint = sample.joint(forward);
        List<Optional<ConstantValue>> tangents = new ArrayList<>(Collections.nCopies(outputs.size(), Optional.empty()));
        joint.tangents().forEach(t -> tangents.set(t.output(),
            Optional.of(sample.tangent(t.output(), outputs.get(t.output())))));
        GradientCheck unknown = new GradientCheck(sample, new TorchGradients.Answer(outputs, tangents, Map.of()),
            Optional.of(joint), Optional.empty());
        Map<String, ConstantValue> results = unknown.interpreted();
        Map<Arg.Ref, ConstantValue> gradients = new HashMap<>();
        joint.gradients().forEach(name -> gradients.put(Arg.ref(name), results.get(JointGraph.GRADIENT + name)));
        return new GradientCheck(sample, new TorchGradients.Answer(outputs, tangents, gradients), Optional.of(joint),
            Optional.empty());
    }

    private Map<String, ConstantValue> interpreted() {
        return Interpreter.run(program().graph(), program().inputs());
    }

    /** Whether a run's outputs are those that are expected; else nothing can be compared. */
    boolean hasOutputs(Map<String, ConstantValue> results) {
        double close = roundsToF32() ? SAME_F32 : SAME;
        return IntStream.range(0, expected.outputs().size()).allMatch(i -> new Tolerance(close, close)
            .mismatch(expected.outputs().get(i), results.get("out" + i)).isEmpty());
    }

    /** Whether there is any gradient to compare, or claimed. */
    boolean isDifferentiable() {
        return expected.tangents().stream().anyMatch(Optional::isPresent)
            || joint.filter(j -> !j.tangents().isEmpty()).isPresent();
    }

    /** The joint graph with libtorch's tangents. */
    Program program() {
        JointGraph graph = joint.orElseThrow();
        Map<String, ConstantValue> inputs = new HashMap<>(sample.inputs());
        graph.tangents().forEach(t -> inputs.put(t.source(), expected.tangents().get(t.output())
            .orElseGet(() -> sample.tangent(t.output(), expected.outputs().get(t.output())))));
        return new Program(graph.graph(), inputs);
    }

    /** What differs, if anything. */
    Optional<String> difference(Supplier<Map<String, ConstantValue>> run) {
        if (failure.isPresent()) {
            return expected.gradients().values().stream().allMatch(GradientCheck::isZero) ? Optional.empty() : failure;
        }
        Optional<Integer> surplus = joint.orElseThrow().tangents().stream().map(JointGraph.Tangent::output)
            .filter(o -> expected.tangents().get(o).isEmpty()).findFirst();
        if (surplus.isPresent()) {
            return Optional.of("Kiln differentiates output " + surplus.get() + ", libtorch does not");
        }
        try {
            return difference(run.get());
        } catch (RuntimeException e) {
            return Optional.of("Kiln fails: " + e);
        }
    }

    private Optional<String> difference(Map<String, ConstantValue> actual) {
        double scale = Math.max(LEAST, expected.gradients().values().stream().mapToDouble(GradientCheck::largest)
            .max().orElse(0));
        return sample.wanted().stream().flatMap(ref -> difference(ref, scale, actual).stream()).findFirst();
    }

    private Optional<String> difference(Arg.Ref ref, double scale, Map<String, ConstantValue> actual) {
        ConstantValue input = sample.tensors().get(ref);
        ConstantValue wanted = expected.gradients().getOrDefault(ref,
            ConstantValue.allocate(input.dtype(), input.sizes()));
        ConstantValue found = actual.get(JointGraph.GRADIENT + ref.node());
        return new Tolerance(scale * (roundsToF32() ? F32 : F64), 0).mismatch(wanted, found)
            .filter(m -> !isAsExact(ref, wanted, found))
            .map(m -> "gradient of " + ref + " " + m + "\n  libtorch " + OracleCase.elements(wanted)
                + "\n  Kiln     " + OracleCase.elements(found));
    }

    /**
     * Where sums cancel, f32 keeps few digits: then a gradient must be as close to libtorch's in f64 as libtorch's own
     * in f32 is.
     */
    private boolean isAsExact(Arg.Ref ref, ConstantValue wanted, ConstantValue found) {
        boolean single = sample.sample().tensors().values().stream().noneMatch(v -> v.dtype().isComplex()
            || v.dtype().isFloating() && v.dtype() != DType.F32);
        if (!single || found.dtype() != DType.F32 || !found.sizes().equals(wanted.sizes())) {
            return false;
        }
        Map<Arg.Ref, ConstantValue> wide = new LinkedHashMap<>();
        sample.tensors().forEach((r, v) -> wide.put(r, widened(v)));
        ConstantValue exact = TorchGradients.run(sample.sample().op(), sample.sample().args(), wide, Set.of(),
            sample.wanted(), (i, v) -> widened(expected.tangents().get(i).orElseThrow())).gradients().get(ref);
        return exact != null && worst(found, exact) <= worst(wanted, exact);
    }

    private static ConstantValue widened(ConstantValue value) {
        if (value.dtype() != DType.F32) {
            return value;
        }
        ConstantValue wide = ConstantValue.allocate(DType.F64, value.sizes());
        for (long i = 0; i < value.numel(); i++) {
            wide.set(i, value.doubleAt(i));
        }
        return wide;
    }

    private static double worst(ConstantValue value, ConstantValue exact) {
        return LongStream.range(0, exact.numel()).mapToDouble(i -> Math.abs(value.doubleAt(i) - exact.doubleAt(i)))
            .max().orElse(0);
    }

    boolean roundsToF32() {
        return Stream.concat(sample.tensors().values().stream(), expected.outputs().stream())
            .anyMatch(v -> v.dtype().isFloating() && v.dtype() != DType.F64);
    }

    static boolean isZero(ConstantValue value) {
        return largest(value) == 0;
    }

    private static double largest(ConstantValue value) {
        double largest = 0;
        for (long i = 0; i < value.numel(); i++) {
            double v = Math.abs(value.doubleAt(i));
            largest = Double.isNaN(v) ? largest : Double.isInfinite(v) ? Math.max(largest, 1) : Math.max(largest, v);
        }
        return largest;
    }

    static List<Supplier<Map<String, ConstantValue>>> suppliers(List<GradientCheck> checks,
            Function<List<Program>, List<Supplier<Map<String, ConstantValue>>>> prepare) {
        List<GradientCheck> ready = checks.stream().filter(c -> c.joint().isPresent()).toList();
        var results = prepare.apply(ready.stream().map(GradientCheck::program).toList()).iterator();
        List<Supplier<Map<String, ConstantValue>>> all = new ArrayList<>();
        checks.forEach(c -> all.add(c.joint().isPresent() ? results.next() : Map::of));
        return all;
    }
}
