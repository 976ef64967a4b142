package dev.kiln.bench;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * ONNX Runtime on its CPU provider: all graph optimisations, memory patterns and arena as they are by
 * default, one operator at a time on {@code threads} threads.
 */
final class OnnxRuntimeEngine implements Engine {
    static final String NAME = "onnxruntime";

    private final OrtEnvironment environment;
    private final OrtSession session;
    private final double loadMillis;
    private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();

    private OnnxRuntimeEngine(OrtEnvironment environment, OrtSession session, double loadMillis) {
        this.environment = environment;
        this.session = session;
        this.loadMillis = loadMillis;
    }

    /** The load time is that of the session alone; loading the library comes before. */
    static OnnxRuntimeEngine open(Path model, int threads) {
        OrtEnvironment environment =
                OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "kiln");
        long start = System.nanoTime();
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            OrtSession session = environment.createSession(model.toString(), options);
            return new OnnxRuntimeEngine(environment, session, (System.nanoTime() - start) / 1e6);
        } catch (OrtException e) {
            throw failure("cannot load " + model, e);
        }
    }

    @Override
    public List<InputSpec> inputs() {
        List<InputSpec> specs = new ArrayList<>();
        try {
            for (NodeInfo node : session.getInputInfo().values()) {
                TensorInfo info = (TensorInfo) node.getInfo();
                List<String> sizes = new ArrayList<>();
                for (long size : info.getShape()) {
                    sizes.add(size < 0 ? "?" : Long.toString(size));
                }
                specs.add(new InputSpec(node.getName(), dtype(info.type), sizes));
            }
        } catch (OrtException e) {
            throw failure("cannot read the model's inputs", e);
        }
        return specs;
    }

    @Override
    public Map<String, Object> facts() {
        return Map.of("load_ms", loadMillis, "version", environment.getVersion());
    }

    @Override
    public void prepare(Map<String, Tensor> tensors) {
        inputs.values().forEach(OnnxTensor::close);
        inputs.clear();
        try {
            for (var input : tensors.entrySet()) {
                Tensor tensor = input.getValue();
                var bytes = tensor.data().asByteBuffer().order(ByteOrder.nativeOrder());
                inputs.put(input.getKey(),
                        OnnxTensor.createTensor(environment, bytes, tensor.shape(),
                                javaType(tensor.dtype()).orElseThrow(() -> new KilnException.Unsupported(
                                    "ONNX Runtime for Java makes no tensors of " + tensor.dtype()))));
            }
        } catch (OrtException e) {
            throw failure("cannot take the inputs", e);
        }
    }

    @Override
    public void run() {
        try (OrtSession.Result result = session.run(inputs)) {
            if (result.size() == 0) {
                throw new KilnException("ONNX Runtime returned no outputs");
            }
        } catch (OrtException e) {
            throw failure("run failed", e);
        }
    }

    @Override
    public Map<String, Tensor> outputs() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        try (OrtSession.Result result = session.run(inputs)) {
            for (var output : result) {
                OnnxTensor value = (OnnxTensor) output.getValue();
                Tensor copy = Tensor.allocate(dtype(value.getInfo().type), value.getInfo().getShape());
                MemorySegment from = MemorySegment.ofBuffer(value.getByteBuffer());
                copy.data().copyFrom(from.asSlice(0, Math.min(from.byteSize(), copy.data().byteSize())));
                outputs.put(output.getKey(), copy);
            }
        } catch (OrtException e) {
            throw failure("run failed", e);
        }
        return outputs;
    }

    @Override
    public void close() {
        inputs.values().forEach(OnnxTensor::close);
        try {
            session.close();
        } catch (OrtException e) {
            throw failure("cannot close", e);
        }
    }

    private static DType dtype(OnnxJavaType type) {
        return Arrays.stream(DType.values()).filter(d -> javaType(d).filter(t -> t == type).isPresent()).findFirst()
                .orElseThrow(() -> new KilnException.Unsupported("the benchmark has no tensors of type "
                        + type));
    }

    /** Empty for what ONNX Runtime for Java makes no tensors of. */
    private static Optional<OnnxJavaType> javaType(DType dtype) {
        return switch (dtype) {
            case BOOL -> Optional.of(OnnxJavaType.BOOL);
            case U8 -> Optional.of(OnnxJavaType.UINT8);
            case I8 -> Optional.of(OnnxJavaType.INT8);
            case I16 -> Optional.of(OnnxJavaType.INT16);
            case I32 -> Optional.of(OnnxJavaType.INT32);
            case I64 -> Optional.of(OnnxJavaType.INT64);
            case F16 -> Optional.of(OnnxJavaType.FLOAT16);
            case BF16 -> Optional.of(OnnxJavaType.BFLOAT16);
            case F32 -> Optional.of(OnnxJavaType.FLOAT);
            case F64 -> Optional.of(OnnxJavaType.DOUBLE);
            case U16, U32, U64, F8E4M3FN, F8E5M2, C64, C128 -> Optional.empty();
        };
    }

    private static KilnException failure(String what, OrtException cause) {
        return new KilnException("ONNX Runtime: " + what + ": " + cause.getMessage(), cause);
    }
}
