package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.Precision;
import dev.kiln.stages.trace.TraceOptions;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** all-MiniLM-L6-v2 with less than f32 in its linears, against itself in f32. */
class PrecisionTest {
    @TempDir
    static Path cache;

    private static Kiln kiln;
    private static float[] exact;
    private static final Map<String, long[]> INPUTS = MiniLmPeer.inputs(2, 24);

    @BeforeAll
    static void compile() {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
        exact = run(Precision.FP32, 0);
    }

    @AfterAll
    static void close() {
        kiln.close();
    }

    private static CompiledModel compiled(Precision precision) {
        return kiln.compileBlocking(new CompileRequest(Models.miniLm(), TraceOptions.NONE,
            CompileOptions.defaults().withMaxAutotune(false).withPrecision(precision)));
    }

    private static float[] run(Precision precision, long mostBytes) {
        try (CompiledModel model = compiled(precision)) {
            if (mostBytes > 0) {
                assertThat(model.info().decisions()).anyMatch(d -> d.contains("precision " + precision + ": "));
                assertThat(model.info().artifactBytes()).isLessThan(mostBytes);
            }
            return model.run(MiniLmPeer.tensors(INPUTS, 2, 24)).get("last_hidden_state").toFloatArray();
        }
    }

    /** Linears have 42 of the model's 90 MB; random words are harder than sentences. */
    @ParameterizedTest
    @CsvSource({"BF16, 0.9995, 72000000", "INT8_WOQ, 0.999, 61000000", "INT4_WOQ, 0.9, 56000000"})
    void staysCloseAndBecomesSmaller(Precision precision, double cosine, long mostBytes) {
        float[] actual = run(precision, mostBytes);
        assertThat(MiniLmPeer.cosine(exact, actual)).isGreaterThan(cosine).isLessThan(1);
    }
}
