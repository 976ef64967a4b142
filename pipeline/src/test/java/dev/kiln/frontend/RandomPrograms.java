package dev.kiln.frontend;

import static dev.kiln.frontend.Program.v;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * Random programs of views, writes and computations. Each step is tried op by op in Kiln first, which gives the sizes for
 * the next; what Kiln does not take is left out.
 */
final class RandomPrograms {
    private final Random random;
    private final Program program = new Program();
    private final Map<String, Tensor> known = new LinkedHashMap<>();
    private int names;

    private RandomPrograms(long seed) {
        random = new Random(seed);
    }

    static Program of(long seed, int steps) {
        return new RandomPrograms(seed).program(steps);
    }

    private Program program(int steps) {
        for (String name : List.of("x", "y").subList(0, 1 + random.nextInt(2))) {
            long[] sizes = random.longs(2 + random.nextInt(2), 1, 5).toArray();
            program.input(name, sizes);
            known.put(name, Tensor.of(program.inputs.get(name).copyTo(java.lang.foreign.Arena.ofAuto())));
        }
        for (int i = 0; i < steps; i++) {
            step();
        }
        List<String> candidates = new ArrayList<>(known.keySet());
        for (int i = 0; i < 3; i++) {
            String name = candidates.remove(random.nextInt(candidates.size()));
            program.give(name);
            if (candidates.isEmpty()) {
                break;
            }
        }
        known.forEach((name, tensor) -> {
            if (overlaps(tensor)) {
                program.readOnly.add(name);
            }
        });
        return program;
    }

    /** Whether two elements lie at one place. */
    private static boolean overlaps(Tensor tensor) {
        long[] places = {0};
        for (int d = 0; d < tensor.dim(); d++) {
            long stride = tensor.value().stride(d);
            long size = tensor.value().size(d);
            places = Arrays.stream(places).flatMap(p -> LongStream.range(0, size).map(i -> p + i * stride)).toArray();
        }
        return Arrays.stream(places).distinct().count() < places.length;
    }

    private String any() {
        List<String> all = List.copyOf(known.keySet());
        return all.get(random.nextInt(all.size()));
    }

    private boolean attempt(Program.Step step) {
        Map<String, Tensor> copy = new LinkedHashMap<>(known);
        try {
            Program.apply(step, copy);
        } catch (KilnException e) {
            return false;
        }
        known.putAll(copy);
        program.steps.add(step);
        return true;
    }

    private String fresh() {
        return "t" + names++;
    }

    private void let(String overload, Object... args) {
        attempt(new Program.Step(List.of(fresh()), "aten." + overload, Arrays.asList(args), false));
    }

    /** A result that is contiguous in libtorch too, where it has its operand's strides. */
    private String dense(String overload, Object... args) {
        String name = fresh();
        String result = fresh();
        boolean made = attempt(new Program.Step(List.of(name), "aten." + overload, Arrays.asList(args), false))
            && attempt(new Program.Step(List.of(result), "aten.contiguous.default", List.of(v(name)), false));
        known.remove(name);
        return made ? result : any();
    }

    private void change(String overload, Object... args) {
        Tensor self = known.get(((Program.Var) args[0]).name());
        if (!overlaps(self)) {
            attempt(new Program.Step(List.of(), "aten." + overload, Arrays.asList(args), true));
        }
    }

    private void step() {
        String name = any();
        Tensor tensor = known.get(name);
        switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> view(name, tensor);
            case 4 -> dense(random.nextBoolean() ? "sin.default" : "neg.default", v(name));
            case 5 -> dense("mul.Tensor", v(name), v(any()));
            default -> write(name);
        }
    }

    private int dim(Tensor tensor) {
        int rank = Math.max(1, tensor.dim());
        return random.nextInt(-rank, rank);
    }

    private void view(String name, Tensor tensor) {
        if (tensor.dim() == 0) {
            let("unsqueeze.default", v(name), 0);
            return;
        }
        int dim = dim(tensor);
        long size = tensor.size(dim).asLong();
        switch (random.nextInt(14)) {
            case 0, 1 -> let("slice.Tensor", v(name), dim, random.nextInt((int) size + 1), random.nextInt((int) size + 2),
                1 + random.nextInt(2));
            case 2, 3 -> let("select.int", v(name), dim, random.nextInt((int) Math.max(1, size)));
            case 4 -> let("transpose.int", v(name), dim, dim(tensor));
            case 5 -> let("unsqueeze.default", v(name), dim);
            case 6 -> let("squeeze.dim", v(name), dim);
            case 7 -> let("flatten.using_ints", v(name));
            case 8 -> let("view.default", v(name), List.of(-1));
            case 9 -> let("reshape.default", v(name), factors(tensor));
            case 10 -> let("diagonal.default", v(name), random.nextInt(-1, 2), dim, dim(tensor));
            case 11 -> let("unfold.default", v(name), dim, 1 + random.nextInt(2), 1 + random.nextInt(2));
            case 12 -> attempt(new Program.Step(List.of(fresh(), fresh()), "aten.tensor_split.sections",
                List.of(v(name), 2, dim), false));
            default -> {
                if (size == 1) {
                    List<Object> sizes = new ArrayList<>();
                    for (int d = 0; d < tensor.dim(); d++) {
                        sizes.add(-1);
                    }
                    sizes.set(dim < 0 ? dim + tensor.dim() : dim, 3);
                    let("expand.default", v(name), sizes);
                } else {
                    let("alias.default", v(name));
                }
            }
        }
    }

    private List<Object> factors(Tensor tensor) {
        long numel = tensor.value().numel();
        for (long f : new long[] {4, 3, 2}) {
            if (numel > 0 && numel % f == 0) {
                return List.of(f, numel / f);
            }
        }
        return List.of(1, numel);
    }

    private void write(String name) {
        switch (random.nextInt(8)) {
            case 0 -> change("add_.Scalar", v(name), 1 + random.nextInt(3));
            case 1 -> change("mul_.Scalar", v(name), -0.5);
            case 2 -> change("fill_.Scalar", v(name), random.nextInt(9));
            case 3 -> change("sin_.default", v(name));
            case 4 -> change("zero_.default", v(name));
            case 5 -> change("copy_.default", v(name), v(dense("cos.default", v(any()))));
            case 6 -> change("clamp_.default", v(name), -0.5, 1.5);
            default -> change("add_.Tensor", v(name), v(dense("cos.default", v(any()))));
        }
    }
}
