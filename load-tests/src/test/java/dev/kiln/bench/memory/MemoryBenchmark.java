package dev.kiln.bench.memory;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Memory-bound chains: Kiln against the machine's bandwidth and against libtorch, in turn, in one process. */
@Command(name = "memory-benchmark", description = "Memory-bound chains against bandwidth and libtorch.",
        mixinStandardHelpOptions = true)
public final class MemoryBenchmark implements Callable<Integer> {
    private static final int UNCOUNTED = 1;
    /** Lets the other engine's threads, which spin after their last run, go to sleep. */
    private static final long PAUSE_MILLIS = 50;
    private static final double GIGA = 1e9;
    private static final String ROW = "%-18s %9s %8s %8s %9s %7s %10s %7s %9s%n";

    @Option(names = "--threads", description = "Threads (default: 1 and all processors, one after the other).")
    private int threads;

    @Option(names = "--runs", defaultValue = "1", description = "Runs a turn (default ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--turns", defaultValue = "15", description = "Turns (default ${DEFAULT-VALUE}).")
    private int turns;

    @Option(names = "--best", 
            description = "For a machine that others use: the shortest times instead of medians; with one thread,"
                + " the processor's time.")
    private boolean best;

    @Option(names = "--only", split = ",", description = "Names of chains.")
    private List<String> only = List.of();

    @Option(names = "--sources", description = "Folder for the generated C.")
    private Path sources;

    @Option(names = "--json", description = "End with one JSON object.")
    private boolean json;

    /** What one chain took, milliseconds and gigabytes a second. */
    record Result(String chain, int threads, double kilnMillis, long bytes, double gbPerSecond, double copyGb,
            double readGb, double share, double torchMillis, double ratio, double difference) {
    }

    public static void main(String[] args) {
        System.exit(new CommandLine(new MemoryBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        List<Result> results = new ArrayList<>();
        int all = Runtime.getRuntime().availableProcessors();
        for (int count : threads > 0 ? new int[] {threads} : all > 1 ? new int[] {1, all} : new int[] {1}) {
            System.out.printf(Locale.ROOT, "%n%d thread%s%n" + ROW, count, count == 1 ? "" : "s", "chain", "kiln ms",
                "MB", "GB/s", "floor", "share", "torch ms", "ratio", "error");
            try (KilnRuntime runtime = CompiledChain.runtime(count); Bandwidth bandwidth = new Bandwidth(runtime)) {
                TorchChain.threads(count);
                for (MemoryChain chain : MemoryChains.all()) {
                    if (only.isEmpty() || only.contains(chain.name())) {
                        results.add(print(measure(runtime, bandwidth, chain, count)));
                    }
                }
            }
        }
        if (json) {
            System.out.println(new ObjectMapper().writeValueAsString(Map.of("results", results)));
        }
        return 0;
    }

    private Result measure(KilnRuntime runtime, Bandwidth bandwidth, MemoryChain chain, int count) throws Exception {
        List<ConstantValue> inputs = chain.inputs().stream().map(MemoryBenchmark::random).toList();
        try (CompiledChain kiln = CompiledChain.of(runtime, chain, inputs)) {
            if (sources != null) {
                Files.createDirectories(sources);
                Files.writeString(sources.resolve(chain.name() + ".c"), kiln.source());
            }
            ConstantValue expected = Memory.allocate(kiln.output().dtype(), kiln.output().sizes());
            TorchChain torch = new TorchChain(chain, inputs, expected);
            kiln.run();
            double difference = torch.difference(kiln.output());
            Map<Runnable, List<Double>> times = new LinkedHashMap<>();
            Runnable[] engines = {kiln::run, torch::run, bandwidth::copy, bandwidth::stream, bandwidth::read};
            for (int turn = 0; turn < turns; turn++) {
                for (Runnable engine : engines) {
                    time(engine, count, times.computeIfAbsent(engine, e -> new ArrayList<>()));
                }
            }
            double[] medians = Arrays.stream(engines).mapToDouble(e -> typical(times.get(e))).toArray();
            long bytes = chain.bytesRead() + kiln.output().data().byteSize();
            return result(chain, count, medians, bytes, kiln.output().data().byteSize(), difference);
        }
    }

    /** A chain that writes next to nothing is measured by what can be read, others by what can be copied. */
    private static Result result(MemoryChain chain, int count, double[] medians, long bytes, long written,
            double difference) {
        double copy = 2 * Bandwidth.BYTES / Math.min(medians[2], medians[3]) / (GIGA / 1e3);
        double read = Bandwidth.BYTES / medians[4] / (GIGA / 1e3);
        double own = bytes / medians[0] / (GIGA / 1e3);
        double floor = written * 20 < bytes ? read : copy;
        return new Result(chain.name(), count, medians[0], bytes, own, copy, read, own / floor, medians[1],
            medians[1] / medians[0], difference);
    }

    private long clock(int count) {
        return best && count == 1 ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
    }

    private void time(Runnable engine, int count, List<Double> into) throws InterruptedException {
        Thread.sleep(PAUSE_MILLIS);
        for (int i = -UNCOUNTED; i < runs; i++) {
            long from = clock(count);
            engine.run();
            if (i >= 0) {
                into.add((clock(count) - from) / 1e6);
            }
        }
    }

    private double typical(List<Double> times) {
        double[] sorted = times.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[best ? 0 : sorted.length / 2];
    }

    private static ConstantValue random(long[] shape) {
        ConstantValue value = Memory.allocate(DType.F32, Arrays.stream(shape).boxed().toList());
        SplittableRandom random = new SplittableRandom(shape.length);
        for (long i = 0; i < value.numel(); i++) {
            value.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-2, 2));
        }
        return value;
    }

    private static Result print(Result r) {
        System.out.printf(ROW, r.chain, number(r.kilnMillis), r.bytes >> 20, number(r.gbPerSecond),
            number(r.gbPerSecond / r.share), number(r.share), number(r.torchMillis), number(r.ratio),
            String.format(Locale.ROOT, "%.1e", r.difference));
        return r;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
