package dev.kiln.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.sun.management.OperatingSystemMXBean;
import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.TraceOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * What {@code emulate_precision_casts} costs: ten pointwise operators on 64 MB of bf16 (and of f16), fused into one
 * kernel, with the option and without, in turn.
 */
public final class PrecisionCastsBench {
    private static final int ELEMENTS = 32 << 20;
    private static final List<String> CHAIN = List.of("Mul", "Add", "Mul", "Sub", "Mul", "Add", "Mul", "Add", "Mul",
        "Sub");
    private static final int ROUNDS = 11;
    private static final int WARMUP = 3;
    private static final OperatingSystemMXBean PROCESS =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private PrecisionCastsBench() {
    }

    /**
     * Prints a line a dtype: medians in milliseconds and their ratio; first elapsed time, then processor time, which other
     * work on the machine changes less.
     */
    public static void main(String[] arguments) throws IOException {
        int elements = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ELEMENTS;
        try (WorkFolder folder = WorkFolder.create(); Kiln kiln = Kiln.open()) {
            for (DType dtype : List.of(DType.BF16, DType.F16)) {
                Path model = Files.write(folder.path().resolve(dtype + ".onnx"), model(dtype, elements).toByteArray());
                Result result = measure(kiln, model, dtype, elements);
                System.out.printf(Locale.ROOT, "%s[%d], %d operators: %s; processor: %s%n", dtype, elements,
                    CHAIN.size(), result.elapsed(), result.processor());
            }
        }
    }

    /** Medians, milliseconds. */
    record Medians(double off, double on) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "off %.1f ms, on %.1f ms, ratio %.2f", off, on, on / off);
        }
    }

    record Result(Medians elapsed, Medians processor) {
    }

    /** Nanoseconds. */
    private record Time(long elapsed, long processor) {
    }

    static Result measure(Kiln kiln, Path model, DType dtype, int elements) {
        Random random = new Random(1);
        float[] values = new float[elements];
        IntStream.range(0, elements).forEach(i -> values[i] = random.nextFloat() * 4 - 2);
        Map<String, Tensor> inputs = Map.of("x", Tensor.ofFloats(dtype, values, elements));
        try (CompiledModel off = compile(kiln, model, false); CompiledModel on = compile(kiln, model, true)) {
            List<Time> without = new ArrayList<>();
            List<Time> with = new ArrayList<>();
            for (int round = 0; round < WARMUP + ROUNDS; round++) {
                without.add(time(off, inputs));
                with.add(time(on, inputs));
            }
            return new Result(new Medians(median(without, Time::elapsed), median(with, Time::elapsed)),
                new Medians(median(without, Time::processor), median(with, Time::processor)));
        }
    }

    private static CompiledModel compile(Kiln kiln, Path model, boolean emulate) {
        return kiln.compileBlocking(new CompileRequest(model, TraceOptions.NONE,
            CompileOptions.defaults().withEmulatePrecisionCasts(emulate)));
    }

    private static Time time(CompiledModel model, Map<String, Tensor> inputs) {
        long processor = PROCESS.getProcessCpuTime();
        long start = System.nanoTime();
        model.run(inputs);
        return new Time(System.nanoTime() - start, PROCESS.getProcessCpuTime() - processor);
    }

    private static double median(List<Time> times, ToLongFunction<Time> which) {
        return times.stream().skip(WARMUP).mapToLong(which).sorted().toArray()[ROUNDS / 2] / 1e6;
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
