package dev.kiln;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The direction of the arrows between the modules. */
class ArchitectureTest {
    private static final String OPS = "dev.kiln.ops..";
    private static final String KERNELS = "dev.kiln.kernels..";
    private static final String ARTIFACT_CACHE = "dev.kiln.cache";
    private static final String[] CACHES = {"dev.kiln.cache.."};
    private static final String STAGES = "dev.kiln.stages..";
    private static final String[] PIPELINE = {"dev.kiln", "dev.kiln.pipeline..", "dev.kiln.cli..",
        "dev.kiln.conformance..", "dev.kiln.demo..", "dev.kiln.tensor..", "dev.kiln.nn.."};

    private static final JavaClasses CLASSES = new ClassFileImporter()
        .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.kiln");

    @Test
    void seesEveryModule() {
        for (String type : new String[] {"dev.kiln.ops.graph.Graph", "dev.kiln.kernels.runtime.Tensor",
            "dev.kiln.cache.CompiledGraph", "dev.kiln.cache.aot.AotEntry", "dev.kiln.stages.CompileRequest",
            "dev.kiln.Kiln"}) {
            assertThat(CLASSES.contain(type)).as(type).isTrue();
        }
    }

    @Test
    void opsKnowNothingOfHowAnythingIsCompiled() {
        noClasses().that().resideInAPackage(OPS).should().dependOnClassesThat()
            .resideInAnyPackage(with(KERNELS, CACHES[0], STAGES)).check(CLASSES);
    }

    @Test
    void kernelsKnowNothingOfGraphsCachesAndEvents() {
        noClasses().that().resideInAPackage(KERNELS).should().dependOnClassesThat()
            .resideInAnyPackage(with("dev.kiln.ops.graph..", "dev.kiln.ops.schema..", CACHES[0], STAGES))
            .check(CLASSES);
    }

    @Test
    void cachesKnowNothingOfHowAnEntryWasMade() {
        noClasses().that().resideInAnyPackage(CACHES).should().dependOnClassesThat()
            .resideInAnyPackage(with(OPS, KERNELS, STAGES)).check(CLASSES);
    }

    @Test
    void artifactCacheKnowsNothingOfTheAotAutogradCache() {
        noClasses().that().resideInAnyPackage(ARTIFACT_CACHE, "dev.kiln.cache.codec..",
            "dev.kiln.cache.store..")
            .should().dependOnClassesThat().resideInAPackage("dev.kiln.cache.aot..").check(CLASSES);
    }

    @Test
    void phasesKnowNothingOfVertxOrOfThePipeline() {
        noClasses().that().resideInAPackage(STAGES).should().dependOnClassesThat()
            .resideInAnyPackage(with("io.vertx..", "io.netty..", "org.apache.kafka..", "io.micrometer.."))
            .check(CLASSES);
    }

    @Test
    void onlyThePipelineKnowsOfVertx() {
        noClasses().that().resideOutsideOfPackages("dev.kiln.pipeline..").should().dependOnClassesThat()
            .resideInAPackage("io.vertx..").check(CLASSES);
    }

    @Test
    void commandLineIsUsedByNobodyBelowIt() {
        noClasses().that().resideInAnyPackage("dev.kiln", "dev.kiln.pipeline..", "dev.kiln.conformance..")
            .should()
            .dependOnClassesThat().resideInAPackage("dev.kiln.cli..").check(CLASSES);
    }

    private static String[] with(String... more) {
        String[] all = Arrays.copyOf(more, more.length + PIPELINE.length);
        System.arraycopy(PIPELINE, 0, all, more.length, PIPELINE.length);
        return all;
    }
}
