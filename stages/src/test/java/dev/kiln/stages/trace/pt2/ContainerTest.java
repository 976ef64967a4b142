package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.TinyProgram.Weight;
import dev.kiln.stages.trace.pt2.archive.ZipWriter;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every container and encoding holds the same model: {@code relu(linear(x))}. */
class ContainerTest {
    @TempDir
    private static Path folder;

    /** {@code [[1,1,1],[0,0,10]]} through weights of 1 to 6 and biases of 10 and -30. */
    private static void check(byte[] archive) {
        Graph graph = Pt2Files.load(folder, archive);
        assertThat(graph.placeholders()).extracting("source").containsExactly("x");
        assertThat(graph.constants()).hasSize(2);
        List<Double> y = Pt2Files.run(graph, "relu", Map.of("x", Pt2Files.tensor(List.of(2L, 3L), 1, 1, 1, 0, 0, 10)));
        assertThat(y).containsExactly(16.0, 0.0, 40.0, 30.0);
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void readsWeightsAsRawFiles(Style style) {
        check(Containers.raw(TinyProgram.linear(2), style));
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void readsWeightsAsTorchSaveFiles(Style style) {
        check(Containers.saved(TinyProgram.linear(2), style));
    }

    @Test
    void readsTheFlatContainer() {
        TinyProgram program = TinyProgram.linear(2);
        check(Containers.legacy(program, program.root, true));
    }

    @Test
    void readsUnionsOfSchema4() {
        TinyProgram program = TinyProgram.linear(2);
        check(Containers.legacy(program, OldEncodings.typed(program), true));
    }

    @Test
    void readsSchema1() {
        TinyProgram program = TinyProgram.linear(2);
        check(Containers.legacy(program, OldEncodings.first(program), false));
    }

    @Test
    void readsSymbolsOfSchema1() {
        TinyProgram program = TinyProgram.linear("s0");
        Graph graph = Pt2Files.load(folder, Containers.legacy(program, OldEncodings.first(program), false));
        assertThat(graph.shapes().symbols()).extracting("min", "max").containsExactly(
            org.assertj.core.groups.Tuple.tuple(1L, Long.MAX_VALUE));
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[s0, 2]");
    }

    /** Two names for one view are one constant; other views of the storage are constants of their own. */
    @Test
    void keepsTiedWeightsOnce() {
        for (byte[] archive : List.of(Containers.raw(tied(), Style.DESCRIPTORS), Containers.saved(tied(),
            Style.PLAIN))) {
            Graph graph = Pt2Files.load(folder, archive);
            assertThat(graph.constants()).hasSize(2);
            assertThat(Pt2Files.run(graph, "out", Map.of("x", Pt2Files.tensor(List.of(2L), 1, 1))))
                .containsExactly(1 + 2 * 1.0 + 3, 1 + 2 * 2.0 + 5);
        }
    }

    /** Views {@code [0:2]} (twice) and {@code [2::2]} of one storage. */
    private static TinyProgram tied() {
        TinyProgram program = new TinyProgram().storage("s", 1, 2, 3, 4, 5)
            .parameter("a", TinyProgram.dense("s", 2)).parameter("b", TinyProgram.dense("s", 2))
            .parameter("c", new Weight("s", 2, List.of(2L), List.of(2L))).input("x", 2);
        return program.node("add.Tensor", "add", "self", "%x", "other", "%p_a").value(7, "add", 2)
            .node("add.Tensor", "add_1", "self", "%add", "other", "%p_b")
            .node("add.Tensor", "out", "self", "%add_1", "other", "%p_c").output("out");
    }

    @Test
    void readsTransposedAndEmptyWeights() {
        TinyProgram program = new TinyProgram().storage("s", 1, 2, 3, 4, 5, 6).storage("none")
            .parameter("w", new Weight("s", 0, List.of(3L, 2L), List.of(1L, 3L)))
            .parameter("e", TinyProgram.dense("none", 0, 2)).input("x", 3, 2)
            .node("add.Tensor", "add", "self", "%x", "other", "%p_w")
            .node("cat.default", "out", "tensors", "{'as_tensors':[{'name':'add'},{'name':'p_e'}]}").output("out");
        for (byte[] archive : List.of(Containers.raw(program, Style.PLAIN), Containers.saved(program, Style.PLAIN))) {
            Graph graph = Pt2Files.load(folder, archive);
            assertThat(Pt2Files.run(graph, "out", Map.of("x", Pt2Files.tensor(List.of(3L, 2L), 0, 0, 0, 0, 0, 0))))
                .containsExactly(1.0, 4.0, 2.0, 5.0, 3.0, 6.0);
        }
    }

    @Test
    void findsBuffersAndConstantsWhereTheyAre() {
        TinyProgram program = new TinyProgram().storage("p", 1).storage("q", 10).storage("r", 100)
            .buffer("kept", true, "p", 1).buffer("temporary", false, "q", 1).constant("lifted", "r", 1).input("x", 1)
            .node("add.Tensor", "add", "self", "%x", "other", "%b_kept")
            .node("add.Tensor", "add_1", "self", "%add", "other", "%b_temporary")
            .node("add.Tensor", "out", "self", "%add_1", "other", "%c_lifted", "alpha", "{'as_int':2}").output("out");
        for (byte[] archive : List.of(Containers.raw(program, Style.DESCRIPTORS),
                Containers.saved(program, Style.DESCRIPTORS), Containers.legacy(program, program.root, true))) {
            assertThat(Pt2Files.run(Pt2Files.load(folder, archive), "out", Map.of("x", Pt2Files.tensor(List.of(1L),
                0))))
                .containsExactly(211.0);
        }
    }

    /** Aligned weights are parts of the mapped file; the program would be much larger if they were copied. */
    @Test
    void leavesWeightsInTheFile() {
        Graph graph = Pt2Files.load(folder, Containers.raw(TinyProgram.linear(2), Style.DESCRIPTORS));
        assertThat(graph.constants()).allSatisfy(c -> {
            assertThat(c.value().data().isMapped()).isTrue();
            assertThat(c.value().data().isReadOnly()).isTrue();
        });
    }

    /** An archive of two programs, such as a prefill and a decode step. */
    @Test
    void choosesAProgram() {
        TinyProgram neg = new TinyProgram().input("x", 1).node("neg.default", "y", "self", "%x").output("y");
        TinyProgram exp = new TinyProgram().input("x", 1).node("exp.default", "z", "self", "%x").output("z");
        Path file = Pt2Files.write(folder, new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2")
            .add("m/models/first.json", Containers.text(neg.root))
            .add("m/models/second.json", Containers.text(exp.root))
            .bytes());
        Graph second = Pt2Importer.importModel(file, TraceOptions.NONE.withProgram("second"));
        assertThat(second.outputs()).extracting("name").containsExactly("z");
        assertThat(Pt2Importer.importModel(file, TraceOptions.NONE.withProgram("first")).outputs()).extracting("name")
            .containsExactly("y");
        assertThatThrownBy(() -> Pt2Importer.importModel(file, TraceOptions.NONE.withProgram("third")))
            .isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("holds no program 'third'; there are: first, second");
    }
}
