package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import dev.kiln.ops.graph.Arg;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** All operators that the importer translates, by type: of the default domain, and of ONNX Runtime's own. */
final class OnnxOps {
    private static final String CONTRIB_DOMAIN = "com.microsoft";
    private static final Map<String, Translator> OPS = load();
    private static final Map<String, Translator> CONTRIB = contrib();

    private OnnxOps() {
    }

    private static Map<String, Translator> load() {
        Registry registry = new Registry();
        ElementwiseImports.register(registry);
        ActivationImports.register(registry);
        ComparisonImports.register(registry);
        ConversionImports.register(registry);
        ReductionImports.register(registry);
        ReshapeImports.register(registry);
        LayoutImports.register(registry);
        IndexingImports.register(registry);
        MatrixImports.register(registry);
        NormalizationImports.register(registry);
        ConvolutionImports.register(registry);
        PoolingImports.register(registry);
        ResizeImports.register(registry);
        SpatialImports.register(registry);
        RegionImports.register(registry);
        QuantizedConvolutionImports.register(registry);
        FactoryImports.register(registry);
        OrderImports.register(registry);
        DataSizeImports.register(registry);
        ScatterImports.register(registry);
        EinsumImports.register(registry);
        LossImports.register(registry);
        QuantizationImports.register(registry);
        QuantizedProductImports.register(registry);
        ControlImports.register(registry);
        RecurrentImports.register(registry);
        AttentionImports.register(registry);
        SequenceImports.register(registry);
        NonMaxSuppressionImport.register(registry);
        LinearAlgebraImports.register(registry);
        TextImports.register(registry);
        SignalImports.register(registry);
        RandomImports.register(registry);
        return registry.ops;
    }

    private static Map<String, Translator> contrib() {
        Registry registry = new Registry();
        ContribImports.register(registry);
        QuantizedProductImports.registerContrib(registry);
        registry.tensor("MatMulNBits", MatMulNBitsImport::translate);
        return registry.ops;
    }

    static Optional<Translator> find(NodeProto node) {
        if (node.getDomain().equals(CONTRIB_DOMAIN)) {
            return Optional.ofNullable(CONTRIB.get(node.getOpType()));
        }
        boolean ours = node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
        return ours ? Optional.ofNullable(OPS.get(node.getOpType())) : Optional.empty();
    }

    static Set<String> names() {
        return new TreeSet<>(OPS.keySet());
    }

    static Set<String> contribNames() {
        return new TreeSet<>(CONTRIB.keySet());
    }

    /** Where the families put their translators. */
    static final class Registry {
        private final Map<String, Translator> ops = new HashMap<>();

        private Registry() {
        }

        void op(String type, Translator translator) {
            if (ops.put(type, translator) != null) {
                throw new IllegalStateException(type + " is defined twice");
            }
        }

        /** An op with one output tensor. */
        void tensor(String type, Function<NodeImport, Arg.Ref> body) {
            op(type, Translator.tensor(body));
        }

        void tensors(String type, Function<NodeImport, List<Arg.Ref>> body) {
            op(type, Translator.tensors(body));
        }
    }
}
