package dev.kiln.bench.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.pipeline.function.FunctionMemory;
import dev.kiln.stages.autograd.PartitionOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The memory of a training step: Kiln as planned and as measured, against libtorch's eager mode; each is measured in a
 * process of its own. The Java heap is fixed and touched before, freed blocks go back to the system at once (libtorch's by its allocator's settings), and what counts
 * is how far the process grows above what it has before a step, when only parameters and the optimizer's state are there.
 */
@Command(name = "training-memory", description = "Memory of training steps against libtorch.",
    mixinStandardHelpOptions = true)
public final class TrainingMemory implements Callable<Integer> {
    private static final double MIB = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Large blocks of the C library's allocator are mappings of their own, and freed ones do not stay. */
    private static final Map<String, String> ALLOCATOR = Map.of("MALLOC_MMAP_THRESHOLD_", "65536",
        "MALLOC_TRIM_THRESHOLD_", "65536", "MALLOC_MMAP_MAX_", "1000000", "MALLOC_ARENA_MAX", "1");
    private static final List<String> HEAP = List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1");

    @Option(names = "--threads", defaultValue = "2", description = "Threads (default ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--steps", defaultValue = "10", description = "Steps in a row (default ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--cache-dir", required = true, description = "Kiln's cache.")
    private Path cacheDir;

    @Option(names = "--json", description = "End with one JSON object.")
    private boolean json;

    @Option(names = "--engine", hidden = true)
    private String engine;

    public static void main(String[] args) {
        System.exit(new CommandLine(new TrainingMemory()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        if (engine != null) {
            System.out.println(JSON.writeValueAsString(measured()));
            return 0;
        }
        TrainingPlan plan = TrainingPlan.of(TrainingPlan.trace(GptShape.SMALL), PartitionOptions.defaults());
        StepMemory kiln = inProcess("kiln");
        StepMemory peer = inProcess("libtorch");
        System.out.printf(Locale.ROOT, "GPT training step, f32, %d threads; MiB above parameters and optimizer state%n"
            + "%-22s %14s %14s %14s %14s%n", threads, "", "step", "- gradients", steps + " steps", "gradients");
        System.out.printf(Locale.ROOT, "%-22s %14.1f %14.1f %14s %14.1f%n", "Kiln, by its plan", plan.block() / MIB,
            plan.withoutGradients() / MIB, "", kiln.gradients() / MIB);
        row("Kiln, its process", kiln);
        row("libtorch, its process", peer);
        System.out.printf(Locale.ROOT, "%-22s %14.2f %14.2f%n", "ratio by the plan", ratio(plan.block(), peer.step()),
            ratio(plan.withoutGradients(), peer.kept()));
        System.out.printf(Locale.ROOT, "%-22s %14.2f %14s %14.2f%n", "ratio of processes", ratio(kiln.step(), peer.step()),
            "", ratio(kiln.running(), peer.running()));
        if (json) {
            Map<String, StepMemory> both = new LinkedHashMap<>();
            both.put("kiln", kiln);
            both.put("libtorch", peer);
            System.out.println(JSON.writeValueAsString(both));
        }
        return 0;
    }

    private static void row(String name, StepMemory memory) {
        String kept = memory.kept() > 0 ? String.format(Locale.ROOT, "%.1f", memory.kept() / MIB) : "";
        System.out.printf(Locale.ROOT, "%-22s %14.1f %14s %14.1f %14.1f%n", name, memory.step() / MIB, kept,
            memory.running() / MIB, memory.gradients() / MIB);
    }

    private static double ratio(long own, long peer) {
        return (double) own / peer;
    }

    private StepMemory inProcess(String name) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"));
        command.addAll(HEAP);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), TrainingMemory.class.getName(), "--engine", name,
            "--threads", Integer.toString(threads), "--steps",
            Integer.toString(steps), "--cache-dir", cacheDir.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(ALLOCATOR);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes()).strip();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("the process of " + name + " failed: " + output);
        }
        return JSON.readValue(output.substring(output.lastIndexOf('\n') + 1), StepMemory.class);
    }

    /** What Kiln itself knows, to explain what the process takes. */
    private static void account(List<FunctionMemory> functions) {
        for (FunctionMemory memory : functions) {
            System.err.printf(Locale.ROOT, "Kiln's account: saved %.1f, workspace of forward %.1f, of backward %.1f, "
                + "gradients %.1f, written back %.1f MiB%n", memory.saved() / MIB, memory.forwardWorkspace() / MIB,
                memory.backwardWorkspace() / MIB, memory.gradients() / MIB, memory.written() / MIB);
        }
    }

    private StepMemory measured() throws Exception {
        GptShape shape = GptShape.SMALL;
        if (engine.equals("libtorch")) {
            torch.set_num_threads(threads);
            try (Trainer trainer = new TorchGpt(shape, false, 1e-3)) {
                return new MemoryMeter(engine, trainer, shape, new SplittableRandom(1)).measure(steps, true);
            }
        }
        FunctionOptions options = FunctionOptions.defaults().withThreads(threads);
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(cacheDir, CacheMode.WRITE)));
                KilnGpt trainer = new KilnGpt(kiln, shape, options, 1e-3)) {
            StepMemory memory = new MemoryMeter(engine, trainer, shape, new SplittableRandom(1)).measure(steps, false);
            account(trainer.memory());
            return memory;
        }
    }
}
