package dev.kiln.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.CompiledFunction;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.nn.Module;
import dev.kiln.optim.AdamW;
import dev.kiln.tensor.Tensor;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guide's blocks are one program: it compiles, runs, and computes what the guide says. */
class TrainingGuideTest {
    private static final Path GUIDE = Path.of(System.getProperty("basedir", ".")).resolve("../docs/TRAINING.md");
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final List<String> SEEN = List.of("losses", "accuracy", "once", "next", "again", "why", "variants",
        "mixed", "small", "lazy", "warm", "interpreted", "x", "classes",
        "net", "restored", "goingOn");

    @TempDir
    private Path folder;

    /** Imports come first, then declarations, then statements. */
    private static String program(String guide) {
        StringBuilder imports = new StringBuilder();
        StringBuilder members = new StringBuilder();
        StringBuilder statements = new StringBuilder();
        BLOCK.matcher(guide).results().map(m -> m.group(1)).forEach(block -> {
            StringBuilder place = block.startsWith("import ") ? imports
                : block.startsWith("static ") ? members : statements;
            place.append(block);
        });
        StringBuilder seen = new StringBuilder();
        SEEN.forEach(name -> seen.append("seen.put(\"").append(name).append("\", ").append(name).append(");\n"));
        String body = statements.toString().replace("Kiln kiln = Kiln.open();\n", "");
        assertThat(body).hasSizeLessThan(statements.length());
        return imports + "public class Guide {\n" + members
            + "public static java.util.Map<String, Object> run(Kiln kiln) throws Exception {\n"
            + body + "java.util.Map<String, Object> seen = new java.util.HashMap<>();\n" + seen + "return seen;\n}\n}\n";
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> run(Kiln kiln) throws Exception {
        Path source = Files.writeString(folder.resolve("Guide.java"), program(Files.readString(GUIDE)));
        var compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(messages, files, null, List.of("-proc:none", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), "-d",
                folder.toString()), null, files.getJavaFileObjects(source)).call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
            return (Map<String, Object>) loader.loadClass("Guide").getMethod("run", Kiln.class).invoke(null, kiln);
        }
    }

    @SuppressWarnings("unchecked")
    @Test
    void theGuidesProgramComputesWhatTheGuideSays() throws Exception {
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE)))) {
            Map<String, Object> seen = run(kiln);
            float[] losses = (float[]) seen.get("losses");
            assertThat(losses[losses.length - 1]).isLessThan(losses[0] / 3);
            assertThat((float) seen.get("accuracy")).isGreaterThan(0.9f);
            assertThat(seen.get("again")).isEqualTo(seen.get("once")).isNotEqualTo(seen.get("next"));
            assertThat((float) seen.get("interpreted")).isCloseTo((float) seen.get("once"), within(1e-5f));
            assertThat((Optional<String>) seen.get("why")).hasValue("input 0: size(0) was 256, is 100");
            assertThat(seen.get("variants")).isEqualTo(2);
            assertThat(seen.get("warm")).isEqualTo(true);
            assertThat(((AdamW) seen.get("goingOn")).steps()).isEqualTo(losses.length);
            Map<String, Tensor> saved = ((Module) seen.get("net")).state_dict();
            ((Module) seen.get("restored")).state_dict().forEach((name, tensor) ->
                assertThat(tensor.toFloatArray()).as(name).containsExactly(saved.get(name).toFloatArray()));
            for (String name : List.of("mixed", "small", "lazy")) {
                kiln.manual_seed(7);
                CompiledFunction other = (CompiledFunction) seen.get(name);
                Tensor value = other.call((Tensor) seen.get("x"), (Tensor) seen.get("classes"));
                value.backward();
                assertThat(value.item().floatValue()).as(name).isCloseTo((float) seen.get("once"),
                    within(name.equals("mixed") ? 0.01f : 1e-5f));
            }
        }
    }
}
