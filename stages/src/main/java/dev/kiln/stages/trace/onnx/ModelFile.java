package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A parsed model, the name that errors give it, and the directory that its external data is relative to.
 * The file is memory-mapped and its weights stay in the mapping: only what is read is loaded.
 */
record ModelFile(String name, ModelProto model, Optional<Path> directory) {

    static ModelFile open(Path path) {
        String name = String.valueOf(path.getFileName());
        if (!Files.isRegularFile(path)) {
            throw new KilnException.BadInput(path + ": no such file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw new KilnException.BadInput(name
                    + ": an ONNX file cannot be larger than 2 GB; store the weights as external data");
            }
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto())
                .asByteBuffer();
            Path directory = path.toAbsolutePath().getParent();
            return new ModelFile(name, parse(name, UnsafeByteOperations.unsafeWrap(bytes)),
                Optional.of(directory));
        } catch (IOException e) {
            throw new KilnException.BadInput(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    static ModelFile of(String name, byte[] bytes) {
        return new ModelFile(name, parse(name, UnsafeByteOperations.unsafeWrap(bytes)), Optional.empty());
    }

    private static ModelProto parse(String name, ByteString bytes) {
        try {
            CodedInputStream in = bytes.newCodedInput();
            in.enableAliasing(true);
            ModelProto model = ModelProto.parseFrom(in);
            in.checkLastTagWas(0);
            if (!model.hasGraph() || model.getOpsetImportCount() == 0) {
                throw incomplete(name, model.hasGraph() ? "it names no operator set" : "it holds no graph",
                    null);
            }
            return model;
        } catch (IOException e) {
            String reason = bytes.isEmpty() ? "it is empty" : "its bytes do not parse or end too early";
            throw incomplete(name, reason, e);
        }
    }

    private static KilnException.BadInput incomplete(String name, String reason, IOException cause) {
        return new KilnException.BadInput(name + ": not a complete ONNX file (" + reason + ")", cause);
    }

    /** The version of the default operator set. */
    int opset() {
        for (OperatorSetIdProto set : model.getOpsetImportList()) {
            if (set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx")) {
                return Math.toIntExact(set.getVersion());
            }
        }
        return 1;
    }
}
