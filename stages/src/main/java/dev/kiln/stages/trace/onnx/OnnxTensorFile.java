package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file with one serialized {@code TensorProto}, as ONNX's test data sets hold them ({@code input_0.pb}).
 */
public record OnnxTensorFile(String name, ConstantValue value) {

    /** Reads a tensor file; {@link KilnException.BadInput} if it is damaged or holds something else. */
    public static OnnxTensorFile read(Path path) {
        try {
            TensorProto tensor = TensorProto.parseFrom(Files.readAllBytes(path));
            ConstantValue value = new TensorReader(new ExternalData(Optional.empty())).read(tensor);
            return new OnnxTensorFile(tensor.getName(), value);
        } catch (InvalidProtocolBufferException e) {
            throw new KilnException.BadInput(path.getFileName() + ": not a complete ONNX tensor file", e);
        } catch (KilnException.Unsupported e) {
            throw new KilnException.Unsupported(path.getFileName() + ": " + e.getMessage());
        } catch (KilnException.BadInput e) {
            throw new KilnException.BadInput(path.getFileName() + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new KilnException.BadInput(path + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
