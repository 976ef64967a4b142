package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.TraceOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportErrorsTest {
    private static TinyModel x() {
        return new TinyModel(13).input("x", DType.F32, 2);
    }

    private static void assertBad(TinyModel model, String message) {
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.BadInput.class)
            .isNotInstanceOf(KilnException.Unsupported.class).hasMessage("tiny.onnx: " + message);
    }

    @Test
    void rejectsEveryTruncation() {
        byte[] whole = x().initializer("w", floats(dims(2), 1, 2)).node("Add", "x w", "y").output("y").proto()
            .toByteArray();
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> OnnxImporter.importModel("cut.onnx", part, TraceOptions.NONE))
                .isInstanceOf(KilnException.BadInput.class)
                .hasMessageStartingWith("cut.onnx: not a complete ONNX file (");
        }
    }

    @Test
    void rejectsOtherFiles(@TempDir Path directory) throws Exception {
        Path text = Files.writeString(directory.resolve("notes.onnx"), "this is not a model",
            StandardCharsets.UTF_8);
        assertThatThrownBy(() -> OnnxImporter.importModel(text, TraceOptions.NONE))
            .isInstanceOf(KilnException.BadInput.class)
            .hasMessageStartingWith("notes.onnx: not a complete ONNX file (");
        Path missing = directory.resolve("none.onnx");
        assertThatThrownBy(() -> OnnxImporter.importModel(missing, TraceOptions.NONE))
            .isInstanceOf(KilnException.BadInput.class).hasMessage(missing + ": no such file");
    }

    @Test
    void namesAllUnsupportedOperatorsAtOnce() {
        TinyModel one = x().node("Foo", "x", "y").output("y");
        one.graph().getNodeBuilder(0).setDomain("com.example").setName("n1");
        assertThatThrownBy(one::imported).isInstanceOf(KilnException.Unsupported.class)
            .hasMessage("tiny.onnx: operator Foo (domain com.example, node \"n1\") is not supported");
        TinyModel more = x().node("Foo", "x", "a").node("Bar", "a", "b").node("Foo", "b", "y").output("y");
        assertThatThrownBy(more::imported).isInstanceOf(KilnException.Unsupported.class).hasMessage(
            "tiny.onnx: 2 operators are not supported: Foo (node \"Foo_0\"), Bar (node \"Bar_1\")");
    }

    @Test
    void nodesThatNobodyNeedsDoNotMatter() {
        assertThat(x().node("Foo", "x", "unused").node("Relu", "x", "y").output("y").imported().calls())
            .hasSize(1);
    }

    @Test
    void rejectsMissingValues() {
        assertBad(x().node("Add", "x w", "y").output("y"),
            "node \"Add_0\" (Add) reads \"w\", which no node, input or initializer defines");
        assertBad(x().node("Relu", "x", "y").output("z"), "output \"z\" is not produced by any node");
        assertBad(x().node("Add", "x", "y").output("y"), "node \"Add_0\" (Add): input 2 is missing");
    }

    @Test
    void rejectsGraphsThatAreNotSorted() {
        assertBad(x().node("Relu", "a", "b").node("Relu", "b", "a").output("a"),
            "node \"Relu_0\" (Relu) reads \"a\", "
            + "which node \"Relu_1\" (Relu) produces only later: "
            + "the graph has a cycle or is not in topological order");
        assertBad(x().node("Relu", "x", "y").node("Neg", "x", "y").output("y"),
            "value \"y\" is produced twice, the second time by node \"Neg_1\" (Neg)");
    }

    @Test
    void namesTheNodeOfAWrongCombination() {
        assertBad(x().input("n", DType.I64, 2).node("Add", "x n", "y").output("y"),
            "node \"Add_0\" (Add): its inputs have different element types, f32 and i64");
        assertBad(x().input("w", DType.F32, 3).node("Add", "x w", "y").output("y"),
            "node \"Add_0\" (Add): aten.add.Tensor: sizes 2 and 3 do not broadcast");
        assertBad(x().node("Softmax", "x", "y", "axis", 2).output("y"),
            "node \"Softmax_0\" (Softmax): axis 2 is out of range for rank 1");
        assertBad(x().node("Softmax", "x", "y", "axis", "last").output("y"),
            "node \"Softmax_0\" (Softmax): attribute 'axis' must be of type INT, is STRING");
    }

    @Test
    void staysOnOneLineWhateverNamesTheFileHas() {
        TinyModel model = x().node("Foo", "x", "y").output("y");
        model.graph().getNodeBuilder(0).setName("two\nlines\u001b[0m");
        assertThatThrownBy(model::imported)
            .hasMessage("tiny.onnx: operator Foo (node \"two?lines?[0m\") is not supported");
    }

    @Test
    void rejectsRanksThatAnOperatorCannotHave() {
        assertBad(x().node("DepthToSpace", "x", "y", "blocksize", 2).output("y"),
            "node \"DepthToSpace_0\" (DepthToSpace): its inputs or attributes lack elements that it needs");
    }

    @Test
    void rejectsInitializersOfTheWrongSize() {
        TinyModel model = x().node("Add", "x w", "y").output("y");
        model.graph().addInitializer(TensorProto.newBuilder().setName("w").addDims(2).setDataType(1)
            .addFloatData(1));
        assertBad(model, "node \"Add_0\" (Add): tensor \"w\": f32[2] takes 2 values, the file has 1");
    }

    @Test
    void rejectsElementTypesItLacks() {
        TinyModel model = x().node("Add", "x w", "y").output("y");
        model.graph().addInitializer(TensorProto.newBuilder().setName("w")
            .setDataType(TensorProto.DataType.STRING_VALUE));
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.Unsupported.class)
            .hasMessage("tiny.onnx: node "
            + "\"Add_0\" (Add): tensor \"w\" has element type STRING, which is not supported");
    }
}
