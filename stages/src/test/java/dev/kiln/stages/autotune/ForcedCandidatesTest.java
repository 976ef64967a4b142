package dev.kiln.stages.autotune;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.BlobStore;
import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.stages.autotune.TrialRunner.Code;
import dev.kiln.stages.autotune.TunedGraph.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every candidate that --max-autotune measures, the libraries' included, computes what the reference computes. */
class ForcedCandidatesTest {
    @TempDir
    private Path folder;

    /** Sizes with tails in every direction; more than one block of rows, of columns and along k. */
    @ParameterizedTest
    @CsvSource({"FLOATS, AVX512, 300, 257, 385, dnnl.sgemm", "FLOATS, AVX2, 97, 1100, 129, openblas.sgemm",
        "FLOATS, AVX512, 1, 4001, 2600, dnnl.sgemm", "BF16, AMX, 130, 516, 257, dnnl.gemm_bf16bf16f32",
        "BYTES, AMX, 130, 516, 257, dnnl.gemm_u8s8s32", "INT8_WEIGHT, AMX, 130, 516, 257, kiln_", "INT4_WEIGHT, AMX, 130, 512, 257, kiln_"})
    void computeTheRightThing(Kind kind, Isa wanted, long rows, long depth, long columns, String among)
            throws IOException {
        Isa isa = CpuInfo.detect().supports(wanted) ? wanted : CpuInfo.detect().bestIsa();
        CompileOptions options = CompileOptions.defaults().withIsa(isa).withMaxAutotune(true);
        try (CacheHome cache = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE))) {
            Environment environment = Environment.of(cache);
            GeneratedCode code = TunedGraph.generate(TunedGraph.linear(kind, rows, depth, columns), options, environment);
            Kernel kernel = TunedGraph.tuned(code);
            TuningLibrary library = TuningLibrary.build(code, List.of(kernel.name()), environment.compiler().get(),
                environment.target(options), Deadline.none());
            List<String> right = new ArrayList<>();
            try (TrialRunner runner = new InProcessRunner(code(library, options, environment));
                    Trial trial = new Trial(kernel.tuning().orElseThrow(), code.schedule().program().shapes(),
                        library.candidates(), runner, folder, AutotuneSettings.fromEnvironment().deadline())) {
                trial.expect(library.candidates().getFirst());
                for (Candidate candidate : library.candidates().subList(1, library.candidates().size())) {
                    trial.check(candidate);
                    right.add(candidate.label());
                }
            } catch (CandidateFailure e) {
                throw new AssertionError("after " + right, e);
            }
            assertThat(right).doesNotHaveDuplicates().anyMatch(label -> label.startsWith(among));
            assertThat(right.stream().filter(l -> l.startsWith("kiln_"))).hasSizeGreaterThan(4);
        }
    }

    private Code code(TuningLibrary library, CompileOptions options, Environment environment) throws IOException {
        BlobStore blobs = environment.cache().blobs();
        Path object = Files.write(folder.resolve("candidates.so"), library.object());
        return new Code(blobs.path(environment.runtimeLibrary().get(environment.target(options), Deadline.none())),
            options.isa().orElseThrow(), options.threads(), object, library.externs());
    }
}
