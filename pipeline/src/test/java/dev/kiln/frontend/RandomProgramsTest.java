package dev.kiln.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Random programs of views and writes: traced, and op by op, compared with libtorch; a failure prints its seed. */
class RandomProgramsTest {
    private static final long SEED = Long.getLong("kiln.programs.seed", 1);

    @Test
    void sameAsLibtorch() {
        compare(SEED, 150);
    }

    @Test
    @Tag("nightly")
    void manySameAsLibtorch() {
        compare(SEED + 1_000_000, 5000);
    }

    private static void compare(long first, int count) {
        int compared = 0;
        List<String> failures = new ArrayList<>();
        for (long seed = first; seed < first + count; seed++) {
            Program program = RandomPrograms.of(seed, 4 + (int) (seed % 12));
            Optional<String> failure = failure(program);
            if (failure.isPresent() && !failure.get().isEmpty()) {
                failures.add("seed " + seed + ": " + failure.get() + "\n" + shrunk(program).torch());
            }
            compared += failure.isPresent() && failure.get().isEmpty() ? 0 : 1;
        }
        assertThat(failures).isEmpty();
        assertThat(compared).as("programs that libtorch takes").isGreaterThan(count * 3 / 4);
    }

    /** What differs; an empty text if libtorch does not take the program. */
    private static Optional<String> failure(Program program) {
        List<Tensor> expected;
        try {
            expected = TorchScript.run(program.torch(), List.copyOf(program.inputs.values()));
        } catch (RuntimeException e) {
            return Optional.of("");
        }
        try {
            return program.difference(expected, program.kiln(false)).map(d -> "op by op: " + d)
                .or(() -> program.difference(expected, program.kiln(true)).map(d -> "traced: " + d));
        } catch (RuntimeException e) {
            return Optional.of(e.toString());
        }
    }

    /** The same program without the steps that it fails without. */
    private static Program shrunk(Program program) {
        for (int i = program.steps.size() - 1; i >= 0; i--) {
            Program.Step step = program.steps.remove(i);
            Optional<String> failure = failure(program);
            if (failure.isEmpty() || failure.get().isEmpty()) {
                program.steps.add(i, step);
            }
        }
        return program;
    }
}
