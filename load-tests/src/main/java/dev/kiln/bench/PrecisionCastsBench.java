package dev.kiln.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.TraceOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * What {@code emulate_precision_casts} costs: ten pointwise operators on 64 MB of bf16 (and of f16), fused into one
 * kernel, with the option and without, in turn.
 */
public final class PrecisionCastsBench {
    private static final int ELEMENTS = 32 << 20;
    private static final List<String> CHAIN = List.of("Mul", "Add", "Mul", "Sub", "Mul", "Add", "Mul", "Add", "Mul",
        "Sub");
    private static final int ROUNDS = 15;
    private static final int WARMUP = 3;

    private PrecisionCastsBench() {
    }

    /** Prints a line a dtype: medians in milliseconds and their ratio. */
    public static void main(String[] arguments) throws IOException {
        int elements = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ELEMENTS;
        try (WorkFolder folder = WorkFolder.create(); Kiln kiln = Kiln.open()) {
            for (DType dtype : List.of(DType.BF16, DType.F16)) {
                Path model = Files.write(folder.path().resolve(dtype + ".onnx"), model(dtype, elements).toByteArray());
                Result result = measure(kiln, model, dtype, elements);
                System.out.printf(Locale.ROOT, "%s[%d], %d operators: off %.2f ms, on %.2f ms, ratio %.2f%n", dtype,
                    elements, CHAIN.size(), result.off(), result.on(), result.on() / result.off());
            }
        }
    }

    /** Medians, milliseconds. */
    record Result(double off, double on) {
    }

    static Result measure(Kiln kiln, Path model, DType dtype, int elements) {
        Random random = new Random(1);
        float[] values = new float[elements];
        IntStream.range(0, elements).forEach(i -> values[i] = random.nextFloat() * 4 - 2);
        Map<String, Tensor> inputs = Map.of("x", Tensor.ofFloats(dtype, values, elements));
        try (CompiledModel off = compile(kiln, model, false); CompiledModel on = compile(kiln, model, true)) {
            double[] without = new double[ROUNDS];
            double[] with = new double[ROUNDS];
            for (int round = -WARMUP; round < ROUNDS; round++) {
                double first = millis(off, inputs);
                double second = millis(on, inputs);
                if (round >= 0) {
                    without[round] = first;
                    with[round] = second;
                }
            }
            return new Result(median(without), median(with));
        }
    }

    private static CompiledModel compile(Kiln kiln, Path model, boolean emulate) {
        return kiln.compileBlocking(new CompileRequest(model, TraceOptions.NONE,
            CompileOptions.defaults().withEmulatePrecisionCasts(emulate)));
    }

    private static double millis(CompiledModel model, Map<String, Tensor> inputs) {
        long start = System.nanoTime();
        model.run(inputs);
        return (System.nanoTime() - start) / 1e6;
    }

    private static double median(double[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).sorted().toArray()[values.length / 2];
    }

    /** {@code CHAIN} on x, each operator with a number of its own. */
    static ModelProto model(DType dtype, int elements) {
        int type = (dtype == DType.BF16 ? TensorProto.DataType.BFLOAT16 : TensorProto.DataType.FLOAT16).getNumber();
        GraphProto.Builder graph = GraphProto.newBuilder().setName("chain").addInput(value("x", type, elements));
        String last = "x";
        for (int i = 0; i < CHAIN.size(); i++) {
            float number = 0.9f + 0.03f * i;
            int bits = dtype == DType.BF16 ? Float.floatToRawIntBits(number) >>> 16
                : Float.floatToFloat16(number) & 0xffff;
            graph.addInitializer(TensorProto.newBuilder().setName("c" + i).setDataType(type).addInt32Data(bits));
            graph.addNode(NodeProto.newBuilder().setOpType(CHAIN.get(i)).setName("step" + i).addInput(last)
                .addInput("c" + i).addOutput("y" + i));
            last = "y" + i;
        }
        return ModelProto.newBuilder().setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(16))
            .setGraph(graph.addOutput(value(last, type, elements))).build();
    }

    private static ValueInfoProto value(String name, int type, int elements) {
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
            TypeProto.Tensor.newBuilder().setElemType(type).setShape(TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(elements))))).build();
    }
}
