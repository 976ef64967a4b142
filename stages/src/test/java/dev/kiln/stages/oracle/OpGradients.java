package dev.kiln.stages.oracle;

import dev.kiln.ops.derivative.Derivatives;
import dev.kiln.ops.derivative.Differentiability;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpOverload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One op's cases: those that libtorch differentiates, and those that only finite differences can judge. */
final class OpGradients {

    static final Pattern FIXED = Pattern.compile("not differentiable with respect to argument '(\\w+)'");

    private final OpOverload op;
    private final List<GradientCheck> checks = new ArrayList<>();
    private final List<GradientCase> alone = new ArrayList<>();
    private final List<String> rejected = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private int compared;

    OpGradients(OpOverload op, List<GradientCase> cases) {
        this.op = op;
        cases.stream().filter(c -> !c.wanted().isEmpty()).forEach(this::ask);
    }

    private void ask(GradientCase sample) {
        if (GradientExceptions.find(sample).isPresent()) {
            alone.add(sample);
            return;
        }
        try {
            checks.add(GradientCheck.of(sample));
        } catch (TorchOracle.Rejected e) {
            Matcher fixed = FIXED.matcher(e.getMessage());
            if (fixed.find() && sample.without(fixed.group(1)).wanted().size() < sample.wanted().size()) {
                ask(sample.without(fixed.group(1)));
                return;
            }
            rejected.add(e.getMessage());
            if (e.getMessage().contains("derivative for") || e.getMessage().contains("does not have a derivative")) {
                alone.add(sample);
            }
        }
    }

    List<GradientCheck> checks() {
        return checks;
    }

    /** @param results for each of {@link #checks()} what gives the outputs of its joint graph, or throws */
    void compare(List<Supplier<Map<String, ConstantValue>>> results) {
        for (int i = 0; i < checks.size(); i++) {
            GradientCheck check = checks.get(i);
            Supplier<Map<String, ConstantValue>> result = results.get(i);
            if (isRandom(check, result)) {
                alone.add(check.sample());
                continue;
            }
            compared += check.isDifferentiable() ? 1 : 0;
            check.difference(result).ifPresent(d -> failures.add(d + "\n  in " + check.sample().sample()));
        }
    }

    /** Whether the outputs are others than libtorch's: nothing can be compared then. */
    private static boolean isRandom(GradientCheck check, Supplier<Map<String, ConstantValue>> result) {
        if (check.joint().isEmpty()) {
            return false;
        }
        try {
            return !check.hasOutputs(result.get());
        } catch (RuntimeException e) {
            return false;
        }
    }

    /** What finite differences say of the cases that libtorch has no gradients for. */
    void differences() {
        for (GradientCase sample : alone) {
            if (!sample.isSmooth()) {
                continue;
            }
            try {
                FiniteDifferences.difference(sample).ifPresent(d -> failures.add(d + "\n  in " + sample.sample()));
                compared++;
            } catch (RuntimeException e) {
                failures.add("Kiln fails: " + e + "\n  in " + sample.sample());
            }
        }
    }

    /** What is wrong about the op, if anything. */
    Optional<String> verdict() {
        if (!failures.isEmpty()) {
            return Optional.of(failures.size() + " of " + compared + " cases differ: "
                + String.join("\n", failures.subList(0, Math.min(3, failures.size()))));
        }
        Differentiability kind = Derivatives.of(op);
        if (kind == Differentiability.MISSING) {
            return Optional.of("has no derivative, and is not said to have none; not compared: " + rejected);
        }
        return compared == 0 && kind == Differentiability.RULE
            ? Optional.of("has a rule that nothing is compared with: " + rejected) : Optional.empty();
    }

    int compared() {
        return compared;
    }
}
