package dev.kiln.stages.postcompile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.KeyComponents;
import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.autograd.AutogradPhase;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.autotune.AutotunePhase;
import dev.kiln.stages.codegen.CodegenPhase;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.postgrad.PostGradPhase;
import dev.kiln.stages.trace.Traced;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Machines with other CPUs that share a cache: what was compiled for more than a CPU has is a miss, and never run. */
class ForeignCpuTest {
    private static final CompileOptions OPTIONS = CompileOptions.defaults().withMaxAutotune(false).withThreads(1);
    private static final Isa ISA = CpuInfo.detect().bestIsa();

    @TempDir
    Path folder;
    private CacheHome cache;

    @BeforeEach
    void openCache() {
        cache = CacheHome.open(new CacheSettings(folder, CacheMode.WRITE));
    }

    private static Graph graph() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, 3, 4));
        ConstantValue weight = ConstantValue.allocate(DType.F32, List.of(5L, 4L));
        for (long i = 0; i < weight.numel(); i++) {
            weight.set(i, 1.0);
        }
        g.output("y", g.call("aten.linear.default", x, g.constant("w", weight)));
        return g.build();
    }

    /** A machine like this one, but for what its CPU can do. */
    private Environment machine(Set<String> features) {
        CpuInfo cpu = CpuInfo.detect();
        Environment here = Environment.of(cache);
        return new Environment(cache, here.aotCache(), new CpuInfo(cpu.arch(), cpu.model(), features, cpu.cores(),
            cpu.l1dBytes(), cpu.l2Bytes()), here.compiler(), here.runtimeLibrary());
    }

    /** The strongest machine there is. */
    private Environment strong() {
        return machine(Stream.concat(CpuInfo.detect().features().stream(), Stream.of(Isa.values())
            .flatMap(i -> i.requiredFeatures().stream())).collect(Collectors.toSet()));
    }

    private static KeyComponents key(Environment environment) {
        return CompileKeys.artifact(graph(), OPTIONS, environment);
    }

    private static CompiledGraph compile(Environment environment) {
        Decisions decisions = new Decisions();
        GraphSplit split = AutogradPhase.run(new Traced("linear", graph()));
        var code = CodegenPhase.run(PostGradPhase.run(split, OPTIONS, decisions), OPTIONS, environment, decisions);
        return Assembly.run(AutotunePhase.run(code, OPTIONS, environment, decisions), split, key(environment), OPTIONS,
            environment, decisions, Map.of(), Deadline.none());
    }

    private static void requireRight(ExecutableGraph graph) {
        float[] y = graph.run(Map.of("x", Tensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1}, 3, 4)))
            .get("y").toFloatArray();
        assertThat(y).containsExactly(10, 10, 10, 10, 10, 26, 26, 26, 26, 26, 1, 1, 1, 1, 1);
    }

    @Test
    void takesTheStrongestInstructionSetThatTheCpuHas() {
        assertThat(strong().isa(OPTIONS)).isEqualTo(Isa.AMX);
        Set<String> withoutTiles = Stream.of(Isa.AVX512_BF16, Isa.AVX512, Isa.AVX2)
            .flatMap(i -> i.requiredFeatures().stream()).collect(Collectors.toSet());
        assertThat(machine(withoutTiles).isa(OPTIONS)).isEqualTo(Isa.AVX512_BF16);
        assertThat(machine(Set.copyOf(Isa.AVX2.requiredFeatures())).isa(OPTIONS)).isEqualTo(Isa.AVX2);
        assertThat(machine(Set.of()).isa(OPTIONS)).isEqualTo(Isa.BASELINE);
    }

    @Test
    void missesWhatWasCompiledForAStrongerCpu() {
        CompiledGraph foreign = compile(strong());
        assertThat(cache.artifacts().put(foreign, key(strong()))).isTrue();
        Environment weak = machine(Set.copyOf(Isa.AVX2.requiredFeatures()));
        assertThat(cache.artifacts().lookup(key(weak).key())).isNotInstanceOf(CacheLookup.Hit.class);
        assertThat(cache.artifacts().lookup(key(strong()).key())).isInstanceOf(CacheLookup.Hit.class);
    }

    /** Somebody has copied the entry to the key of this machine. */
    @Test
    void refusesCodeForAStrongerCpuUnderItsOwnKey() {
        Environment here = machine(CpuInfo.detect().features());
        CompiledGraph own = compile(here);
        CompiledGraph strong = compile(strong());
        CompiledGraph foreign = new CompiledGraph(own.key(), strong.code(), own.signature(), strong.constants(),
            strong.externs(), strong.kernels(), own.cudagraph(), own.history());
        try (PostCompile postCompile = new PostCompile(here)) {
            if (ISA == Isa.AMX) {
                requireRight(postCompile.load(foreign, OPTIONS));
            } else {
                assertThatThrownBy(() -> postCompile.load(foreign, OPTIONS)).isInstanceOf(KilnException.class)
                    .hasMessageContaining("amx").hasMessageContaining(ISA.cliName());
            }
            try (ExecutableGraph graph = postCompile.load(own, OPTIONS)) {
                requireRight(graph);
            }
        }
    }

    @Test
    void refusesAnInstructionSetThatTheCpuLacks() {
        CompileOptions wanted = OPTIONS.withIsa(Isa.NEON);
        try (PostCompile postCompile = new PostCompile(machine(CpuInfo.detect().features()))) {
            CompiledGraph own = compile(machine(CpuInfo.detect().features()));
            assertThatThrownBy(() -> postCompile.load(own, wanted)).isInstanceOf(KilnException.class);
        }
    }
}
