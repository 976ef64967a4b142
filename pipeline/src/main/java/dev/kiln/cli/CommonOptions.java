package dev.kiln.cli;

import dev.kiln.CompileListener;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.Precision;
import dev.kiln.stages.trace.OpenSizes;
import dev.kiln.stages.trace.TraceOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that every verb with a model takes; a picocli mix-in. */
public final class CommonOptions {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Option(names = "--shape", paramLabel = "NAME=1x3x224x224",
        description = "Fixes the shape of an input; -1 leaves a dimension as it is. Repeatable.")
    private List<String> shapes = new ArrayList<>();

    @Option(names = "--hint", paramLabel = "NAME=8x128",
        description = "A shape that tuning assumes for an input; the result stays general. Repeatable.")
    private List<String> hints = new ArrayList<>();

    @Option(names = "--static", description = "Fixes open dimensions, but those of --dynamic, at the size of --hint (an"
        + " export: at the size it was traced with).")
    private boolean fixed;

    @Option(names = "--dynamic", paramLabel = "NAME=DIM[:MIN-MAX]",
        description = "Keeps a dimension of an input open, within the sizes given. Repeatable.")
    private List<String> dynamic = new ArrayList<>();

    @Option(names = "--program", paramLabel = "NAME", description = "Which program of a .pt2 file that holds several.")
    private String program = "";

    @Option(names = "--duck-shape", description = "Dimensions with the same --hint are the same size in every call.")
    private boolean duckShape;

    @Option(names = "--specialize-zero-one", description = "Fixes dimensions whose --hint is 0 or 1.")
    private boolean specializeZeroOne;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that run the model.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--precision", paramLabel = "P",
        description = "Of products with constant f32 weights: fp32, bf16, int8-woq, int4-woq.")
    private String precision = "fp32";

    @Option(names = "--max-autotune", negatable = true,
        description = "Measure many candidates of each kernel; --no-max-autotune: none (default: the likely ones).")
    private Boolean maxAutotune;

    @Option(names = "--emulate-precision-casts",
        description = "Round f16 and bf16 after each pointwise operator, as PyTorch's eager mode does.")
    private boolean emulatePrecisionCasts;

    @Option(names = "--isa", paramLabel = "ISA", description = "Instruction set: avx2, avx512, avx512-bf16, amx.")
    private String isa;

    @Option(names = "--cache-dir", paramLabel = "D", description = "Where compiled models are kept.")
    private Path cacheDir;

    @Mixin
    private RemoteCacheOption remoteCache = new RemoteCacheOption();

    @Option(names = "--no-cache", description = "Neither look into the cache nor store anything.")
    private boolean noCache;

    @Option(names = "--deadline", paramLabel = "SECONDS", description = "Time that a compile may take.")
    private double deadlineSeconds;

    @Option(names = "--json", description = "End with one line of JSON.")
    private boolean json;

    public boolean json() {
        return json;
    }

    public int threads() {
        return threads;
    }

    /** What the user asks for. */
    public CompileRequest request(Path model) {
        return new CompileRequest(model, traceOptions(), compileOptions());
    }

    public CompileOptions compileOptions() {
        if (threads < 1) {
            throw new KilnException.BadInput("--threads " + threads + ": at least 1 is needed");
        }
        CompileOptions options = defaults().withThreads(threads)
            .withEmulatePrecisionCasts(emulatePrecisionCasts).withPrecision(Precision.parse(precision));
        options = maxAutotune == null ? options : options.withMaxAutotune(maxAutotune);
        return isa == null ? options : options.withIsa(isa());
    }

    private static CompileOptions defaults() {
        try {
            return CompileOptions.defaults();
        } catch (NumberFormatException e) {
            throw new KilnException.BadInput("KILN_DEBUG and KILN_VERIFY are numbers: " + e.getMessage(), e);
        }
    }

    private Isa isa() {
        try {
            return Isa.parse(isa);
        } catch (IllegalArgumentException e) {
            throw new KilnException.BadInput("--isa " + isa + " is not known; use avx2, avx512, avx512-bf16 or amx", e);
        }
    }

    private TraceOptions traceOptions() {
        TraceOptions trace = TraceOptions.NONE;
        for (String shape : shapes) {
            trace = trace.withPin(NamedValue.name("--shape", shape), NamedValue.shape("--shape", shape));
        }
        for (String hint : hints) {
            trace = trace.withHint(NamedValue.name("--hint", hint), NamedValue.shape("--hint", hint));
        }
        return trace.withOpen(openSizes()).withProgram(program);
    }

    private OpenSizes openSizes() {
        OpenSizes open = OpenSizes.DEFAULT.withFixed(fixed)
            .withPolicy(new ShapePolicy(duckShape, specializeZeroOne));
        for (String dim : dynamic) {
            open = DynamicDimension.parse(dim).addTo(open);
        }
        return open;
    }

    /** Settings for a process that handles one model, or each model once. */
    public KilnConfig config(CompileListener listener) {
        KilnConfig config = KilnConfig.fromEnvironment().withModelsInMemory(0).withListener(listener);
        if (deadlineSeconds > 0) {
            config = config.withDeadline(Duration.ofMillis((long) (deadlineSeconds * 1000)));
        }
        return config.withCache(cache(config.cache()));
    }

    private CacheSettings cache(CacheSettings given) {
        return remoteCache.over(given).withDirectory(cacheDir == null ? given.directory() : cacheDir)
            .withMode(noCache ? CacheMode.OFF : given.mode());
    }
}
