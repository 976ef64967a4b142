package dev.kiln.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class AccuracyTest {
    @TempDir
    private Path folder;

    @Test
    void measuresErrors() {
        OutputError error = OutputError.of("y", Tensor.ofFloats(new float[] {3, 4, Float.NaN}, 3),
                Tensor.ofFloats(new float[] {3, 3, Float.NaN}, 3));
        assertThat(error.maxAbs()).isEqualTo(1);
        assertThat(error.relativeRms()).isCloseTo(0.2, within(1e-12));
        assertThat(error.cosine()).isCloseTo(21 / Math.sqrt(25 * 18), within(1e-12));
        assertThat(OutputError.of("y", Tensor.ofFloats(new float[] {0, 0}, 2), Tensor.ofFloats(new float[] {0, 0}, 2)))
                .isEqualTo(new OutputError("y", 0, 0, 1));
        assertThat(OutputError.of("y", Tensor.ofFloats(new float[] {1}, 1), Tensor.ofFloats(new float[] {Float.NaN}, 1))
                .cosine()).isNaN();
    }

    /** y = x W with W [64, 64] of normal numbers, then z = y V with V [64, 4], which is too small to change. */
    private Path model() throws IOException {
        GraphProto graph = GraphProto.newBuilder().setName("linears").addInput(value("x", 3, 64))
                .addOutput(value("y", 3, 64)).addOutput(value("z", 3, 4))
                .addInitializer(weight("w", 64, 64)).addInitializer(weight("v", 64, 4))
                .addNode(NodeProto.newBuilder().setOpType("MatMul").setName("first").addInput("x").addInput("w").addOutput("y"))
                .addNode(NodeProto.newBuilder().setOpType("MatMul").setName("last").addInput("y").addInput("v").addOutput("z"))
                .build();
        return Files.write(folder.resolve("linears.onnx"), ModelProto.newBuilder().setIrVersion(8).setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13)).build().toByteArray());
    }

    private static ValueInfoProto value(String name, long... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long size : sizes) {
            shape.addDimBuilder().setDimValue(size);
        }
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape))).build();
    }

    private static TensorProto weight(String name, long k, long n) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(1).addDims(k).addDims(n);
        Random random = new Random(k + n);
        for (long i = 0; i < k * n; i++) {
            tensor.addFloatData((float) random.nextGaussian());
        }
        return tensor.build();
    }

    private String run(String... arguments) {
        StringWriter out = new StringWriter();
        AccuracyCommand command = new AccuracyCommand();
        new CommandLine(command).setOut(new PrintWriter(out)).parseArgs(arguments);
        command.call();
        return out.toString();
    }

    /** Normal numbers in 64 levels a sign lose about 43 dB, in 16 levels for each group of 64 about 20 dB. */
    @ParameterizedTest
    @CsvSource({"bf16, 45, 65, 0.01", "int8-woq, 38, 48, 0.02", "int4-woq, 17, 25, 0.2"})
    void reportsOutputsAndLinears(String precision, double least, double most, double error) throws IOException {
        Path x = folder.resolve("x.npy");
        Npy.write(x, Tensor.ofFloats(new float[3 * 64], 3, 64));
        Map<String, Object> json = Json.read(run(model().toString(), "--precision", precision, "--json"));
        assertThat(json).containsEntry("precision", precision);
        List<?> outputs = (List<?>) json.get("outputs");
        assertThat(outputs).hasSize(2);
        Map<?, ?> y = (Map<?, ?>) outputs.getFirst();
        assertThat(y.get("name")).isEqualTo("y");
        assertThat((double) y.get("relative_rms_err")).isPositive().isLessThan(error);
        assertThat((double) y.get("cosine")).isGreaterThan(1 - error * error);
        List<?> linears = (List<?>) json.get("linears");
        Map<?, ?> first = (Map<?, ?>) linears.getFirst();
        assertThat(first.get("name")).isEqualTo("first");
        assertThat((double) first.get("sqnr_db")).isBetween(least, most);
        Map<?, ?> last = (Map<?, ?>) linears.get(1);
        assertThat(last.get("sqnr_db")).isNull();
        assertThat(last.get("stays_fp32")).isEqualTo("it is small");
    }

    @Test
    void takesInputsFromFiles() throws IOException {
        Path x = folder.resolve("x.npy");
        Npy.write(x, Tensor.ofFloats(new float[3 * 64], 3, 64));
        String text = run(model().toString(), "--precision", "int8-woq", "--input", "x=" + x);
        assertThat(text).contains("int8-woq against fp32", "0.000e+00", "1.00000000", "first", "[64, 64]", " dB",
                "fp32: it is small");
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        String model = model().toString();
        assertThatThrownBy(() -> run(model)).hasMessageContaining("choose --precision bf16, int8-woq or int4-woq");
        assertThatThrownBy(() -> run(model, "--precision", "int3")).hasMessageContaining("int3 is not known");
        assertThatThrownBy(() -> run(model, "--precision", "bf16", "--input", "x=none.npy"))
                .hasMessageContaining("a file that exists expected");
    }
}
