package dev.kiln.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.Models;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.conformance.CaseResult.Status;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.stages.CompileOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceTest {
    @TempDir
    Path folder;

    private Path unaryCase(String name, String op, float... expected) throws IOException {
        Path folderOfCase = folder.resolve(name);
        Models.unary(folderOfCase.resolve("model.onnx"), op);
        Path data = Files.createDirectories(folderOfCase.resolve("test_data_set_0"));
        write(data.resolve("input_0.pb"), Models.tensor("x", 2).addFloatData(-1).addFloatData(2));
        write(data.resolve("output_0.pb"),
            Models.tensor("y", 2).addFloatData(expected[0]).addFloatData(expected[1]));
        return folderOfCase;
    }

    private static void write(Path file, TensorProto.Builder tensor) throws IOException {
        Files.write(file, tensor.build().toByteArray());
    }

    private CaseResult run(Path folderOfCase) {
        CacheSettings cache = new CacheSettings(folder.resolve("cache"), CacheMode.WRITE);
        try (Kiln kiln = Kiln.open(KilnConfig.of(cache))) {
            return new Conformance(kiln, CompileOptions.defaults(), Comparison.DEFAULT)
                .run(folderOfCase.getFileName().toString(), folderOfCase);
        }
    }

    @Test
    void passesWhatIsRight() throws IOException {
        assertThat(run(unaryCase("relu", "Relu", 0, 2))).isEqualTo(new CaseResult("relu", Status.PASSED, ""));
    }

    @Test
    void failsWhatIsWrong() throws IOException {
        CaseResult result = run(unaryCase("neg", "Neg", 1, 2));
        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("'y'[1] is -2.0, expected 2.0");
    }

    @Test
    void namesWhatIsUnsupported() throws IOException {
        CaseResult result = run(unaryCase("odd", "NoSuchOp", 1, 2));
        assertThat(result.status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(result.reason()).contains("NoSuchOp");
    }

    @Test
    void cannotTakeSequences() throws IOException {
        Path sequences = folder.resolve("sequence");
        TypeProto type = TypeProto.newBuilder().setSequenceType(TypeProto.Sequence.getDefaultInstance())
            .build();
        Models.write(sequences.resolve("model.onnx"), GraphProto.newBuilder()
            .addInput(ValueInfoProto.newBuilder().setName("s").setType(type))
            .addOutput(Models.value("y", 2)));
        CaseResult result = run(sequences);
        assertThat(result.status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(result.reason()).isEqualTo("'s' is a sequence, not a tensor");
    }

    @Test
    void fixesWhatShapesDependOn() throws IOException {
        Path reshape = folder.resolve("reshape");
        ValueInfoProto.Builder shape = Models.value("shape", 2);
        shape.getTypeBuilder().getTensorTypeBuilder().setElemType(TensorProto.DataType.INT64_VALUE);
        Models.write(reshape.resolve("model.onnx"), GraphProto.newBuilder().addInput(Models.value("x", 4))
            .addInput(shape).addOutput(Models.value("y", 2, 2))
            .addNode(Models.node("Reshape", "y", "x", "shape")));
        Path data = Files.createDirectories(reshape.resolve("test_data_set_0"));
        write(data.resolve("input_0.pb"),
            Models.tensor("x", 4).addFloatData(1).addFloatData(2).addFloatData(3).addFloatData(4));
        write(data.resolve("input_1.pb"), Models.tensor("shape", 2)
            .setDataType(TensorProto.DataType.INT64_VALUE).addInt64Data(2).addInt64Data(2));
        write(data.resolve("output_0.pb"),
            Models.tensor("y", 2, 2).addFloatData(1).addFloatData(2).addFloatData(3).addFloatData(4));
        assertThat(run(reshape)).isEqualTo(new CaseResult("reshape", Status.PASSED, ""));
    }

    @Test
    void findsCasesInOrder() throws IOException {
        Path second = unaryCase("b", "Relu", 0, 2);
        Path first = unaryCase("a", "Relu", 0, 2);
        assertThat(Conformance.find(folder)).containsExactly(first, second);
    }

    @Test
    void treatsNotANumberAndInfinityAsEqualToThemselves() {
        Tensor odd = Tensor.ofFloats(new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1}, 3);
        Tensor near = Tensor.ofFloats(new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1.0005f}, 3);
        Tensor far = Tensor.ofFloats(new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1.002f}, 3);
        Tensor shaped = Tensor.ofFloats(new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1}, 1, 3);
        assertThat(Comparison.DEFAULT.difference("y", odd, near)).isEmpty();
        assertThat(Comparison.DEFAULT.difference("y", odd, far)).isPresent();
        assertThat(Comparison.DEFAULT.difference("y", odd, shaped)).isPresent();
    }
}
