package dev.kiln.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A straight-line program over tensors that can run in libtorch and in Kiln. When it has run, each of its results and
 * inputs is written in turn, so that what shares memory shows.
 */
final class Program {
    /** A tensor by its name. */
    record Var(String name) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** @param results a name for each result; none if the op changes its first argument */
    record Step(List<String> results, String overload, List<Object> args, boolean inPlace) {
        @Override
        public String toString() {
            String call = "torch." + overload.split("\\.")[1] + args.stream().map(Program::literal)
                .collect(Collectors.joining(", ", "(", ")"));
            if (inPlace) {
                return call;
            }
            if (results.size() == 1) {
                return results.getFirst() + " = " + call;
            }
            StringBuilder text = new StringBuilder("list_" + results.getFirst() + " = " + call);
            for (int i = 0; i < results.size(); i++) {
                text.append("\n    ").append(results.get(i)).append(" = list_").append(results.getFirst()).append("[")
                    .append(i).append("]");
            }
            return text.toString();
        }
    }

    final Map<String, dev.kiln.kernels.runtime.Tensor> inputs = new LinkedHashMap<>();
    final List<Step> steps = new ArrayList<>();
    final List<String> outputs = new ArrayList<>();
    /** Results that cannot be written, as their elements share memory. */
    final List<String> readOnly = new ArrayList<>();

    static Var v(String name) {
        return new Var(name);
    }

    Program input(String name, long... sizes) {
        int count = 1;
        for (long size : sizes) {
            count *= (int) size;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(1 + i * 0.7 + inputs.size());
        }
        return input(name, dev.kiln.kernels.runtime.Tensor.ofFloats(values, sizes));
    }

    Program input(String name, dev.kiln.kernels.runtime.Tensor value) {
        inputs.put(name, value);
        return this;
    }

    Program let(String result, String overload, Object... args) {
        steps.add(new Step(List.of(result), "aten." + overload, list(args), false));
        return this;
    }

    Program let(List<String> results, String overload, Object... args) {
        steps.add(new Step(results, "aten." + overload, list(args), false));
        return this;
    }

    Program change(String overload, Object... args) {
        steps.add(new Step(List.of(), "aten." + overload, list(args), true));
        return this;
    }

    private static List<Object> list(Object... args) {
        return java.util.Collections.unmodifiableList(new ArrayList<>(java.util.Arrays.asList(args)));
    }

    Program give(String... names) {
        outputs.addAll(List.of(names));
        return this;
    }

    /** Names that are not written when the program has run. */
    Program keep(String... names) {
        readOnly.addAll(List.of(names));
        return this;
    }

    /** What is seen of a run: outputs and inputs at its end, and all of them again after each was written. */
    private List<String> watched() {
        List<String> all = new ArrayList<>(outputs);
        all.addAll(inputs.keySet());
        return all;
    }

    String torch() {
        StringBuilder text = new StringBuilder("def f(" + inputs.keySet().stream().map(n -> n + ": Tensor")
            .collect(Collectors.joining(", ")) + "):\n");
        steps.forEach(s -> text.append("    ").append(s).append("\n"));
        String all = watched().stream().map(n -> "torch.clone(" + n + ")").collect(Collectors.joining(", "));
        text.append("    seen = [").append(all).append("]\n");
        for (String name : watched()) {
            if (!readOnly.contains(name)) {
                text.append("    torch.add_(").append(name).append(", 1)\n    seen += [").append(all).append("]\n");
            }
        }
        return text.append("    return seen\n").toString();
    }

    /** Runs it in Kiln op by op, or traced as a whole. */
    List<dev.kiln.kernels.runtime.Tensor> kiln(boolean traced) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        inputs.forEach((name, value) -> all.put(name, Tensor.of(value.copyTo(java.lang.foreign.Arena.ofAuto()))));
        List<Tensor> given = List.copyOf(all.values());
        TensorFunction body = arguments -> {
            Map<String, Tensor> known = new LinkedHashMap<>();
            int i = 0;
            for (String name : inputs.keySet()) {
                known.put(name, arguments.get(i++));
            }
            steps.forEach(s -> apply(s, known));
            return outputs.stream().map(known::get).toList();
        };
        List<Tensor> results = traced ? Traced.run(body, given) : body.apply(given);
        for (int i = 0; i < outputs.size(); i++) {
            all.put("result " + outputs.get(i), results.get(i));
        }
        List<Tensor> watched = new ArrayList<>(results);
        watched.addAll(given);
        List<dev.kiln.kernels.runtime.Tensor> seen = new ArrayList<>();
        snapshot(watched, seen);
        for (int i = 0; i < watched.size(); i++) {
            if (!readOnly.contains(watched().get(i))) {
                watched.get(i).add_(1);
                snapshot(watched, seen);
            }
        }
        return seen;
    }

    private static void snapshot(Collection<Tensor> tensors, List<dev.kiln.kernels.runtime.Tensor> into) {
        tensors.forEach(t -> into.add(t.value().copyTo(java.lang.foreign.Arena.ofAuto())));
    }

    static void apply(Step step, Map<String, Tensor> known) {
        Object[] args = step.args().stream().map(a -> argument(a, known)).toArray();
        List<Tensor> results = Tensor.call_all(step.overload(), args);
        for (int i = 0; i < step.results().size(); i++) {
            known.put(step.results().get(i), results.get(i));
        }
    }

    private static Object argument(Object arg, Map<String, Tensor> known) {
        return switch (arg) {
            case Var(String name) -> known.get(name);
            case List<?> list -> {
                List<Object> values = new ArrayList<>();
                list.forEach(v -> values.add(argument(v, known)));
                yield values;
            }
            case null, default -> arg;
        };
    }

    private static String literal(Object arg) {
        return switch (arg) {
            case null -> "None";
            case Boolean flag -> flag ? "True" : "False";
            case DType dtype -> Integer.toString(TorchScript.number(dtype));
            case List<?> list -> list.stream().map(Program::literal).collect(Collectors.joining(", ", "[", "]"));
            default -> arg.toString();
        };
    }

    /** Compares both ways of running it in Kiln with libtorch. */
    void check() {
        List<dev.kiln.kernels.runtime.Tensor> expected = TorchScript.run(torch(), List.copyOf(inputs.values()));
        assertThat(difference(expected, kiln(false))).as("op by op:\n%s", torch()).isEmpty();
        assertThat(difference(expected, kiln(true))).as("traced:\n%s", torch()).isEmpty();
    }

    Optional<String> difference(List<dev.kiln.kernels.runtime.Tensor> expected,
            List<dev.kiln.kernels.runtime.Tensor> actual) {
        List<String> names = watched();
        for (int i = 0; i < expected.size(); i++) {
            Optional<String> difference = Close.difference(expected.get(i), actual.get(i));
            if (difference.isPresent()) {
                return Optional.of(names.get(i % names.size()) + (i < names.size() ? "" : " after write "
                    + i / names.size()) + ": " + difference.get());
            }
        }
        return expected.size() == actual.size() ? Optional.empty()
            : Optional.of(expected.size() + " values expected, got " + actual.size());
    }
}
