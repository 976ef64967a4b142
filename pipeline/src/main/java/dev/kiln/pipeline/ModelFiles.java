package dev.kiln.pipeline;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.kiln.stages.trace.TracePhase;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The files a model lies in besides its own: weights that it keeps as external data. */
public final class ModelFiles {
    private ModelFiles() {
    }

    /** Each file that a model refers to, once: only ONNX models do. The model's own weights are not read. */
    public static List<Path> external(Path model) throws IOException {
        if (TracePhase.isExportedProgram(model)) {
            return List.of();
        }
        ModelProto parsed;
        try (FileChannel channel = FileChannel.open(model, StandardOpenOption.READ)) {
            // only of memory that is said not to change weights are no copies
            CodedInputStream in = UnsafeByteOperations.unsafeWrap(
                channel.map(MapMode.READ_ONLY, 0, channel.size())).newCodedInput();
            in.enableAliasing(true);
            parsed = ModelProto.parseFrom(in);
        }
        Set<String> names = new TreeSet<>();
        collect(parsed.getGraph(), names);
        Path folder = model.toAbsolutePath().getParent();
        return names.stream().map(folder::resolve).toList();
    }

    private static void collect(GraphProto graph, Set<String> names) {
        graph.getInitializerList().forEach(tensor -> collect(tensor, names));
        for (NodeProto node : graph.getNodeList()) {
            for (AttributeProto attribute : node.getAttributeList()) {
                collect(attribute.getT(), names);
                attribute.getTensorsList().forEach(tensor -> collect(tensor, names));
                collect(attribute.getG(), names);
                attribute.getGraphsList().forEach(inner -> collect(inner, names));
            }
        }
    }

    private static void collect(TensorProto tensor, Set<String> names) {
        if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            for (StringStringEntryProto entry : tensor.getExternalDataList()) {
                if (entry.getKey().equals("location")) {
                    names.add(entry.getValue());
                }
            }
        }
    }
}
