package dev.kiln.ops.metadata;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * The canonical encoding of a vector of {@link ParameterMetadata}: a version, the count, and for each its order, the
 * tag of its kind and its value; numbers are big-endian, texts UTF-8 behind their length, lists behind their count.
 */
final class ParameterCodec {
    static final int VERSION = 1;

    private final DataOutputStream out;

    private ParameterCodec(DataOutputStream out) {
        this.out = out;
    }

    /** The wire numbers of the kinds; never reused. */
    enum Tag {
        TENSOR, TENSOR_LIST, OPTIONAL_TENSOR_LIST, SCALAR, SCALAR_LIST, BOOL, BOOL_LIST, INT, INT_LIST, SYM_INT,
        SYM_INT_LIST, DOUBLE, DOUBLE_LIST, STRING, DTYPE, LAYOUT, MEMORY_FORMAT, DEVICE
    }

    /** Writes one element of a list. */
    private interface Element<T> {
        void write(T value) throws IOException;
    }

    static byte[] encode(List<ParameterMetadata> vector) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ParameterCodec codec = new ParameterCodec(new DataOutputStream(bytes));
            codec.out.writeByte(VERSION);
            codec.out.writeInt(vector.size());
            for (ParameterMetadata metadata : vector) {
                codec.out.writeInt(metadata.order());
                codec.value(metadata.value());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static List<ParameterMetadata> decode(byte[] bytes) {
        return new ParameterReader(bytes).vector();
    }

    private void value(ParameterValue value) throws IOException {
        switch (value) {
            case ParameterValue.OfTensor(TensorMetadata tensor) -> tag(Tag.TENSOR).tensor(tensor);
            case ParameterValue.OfTensorList(List<TensorMetadata> l) -> tag(Tag.TENSOR_LIST).list(l, this::tensor);
            case ParameterValue.OfOptionalTensorList(List<Optional<TensorMetadata>> list) ->
                tag(Tag.OPTIONAL_TENSOR_LIST).list(list, this::optional);
            case ParameterValue.OfScalar(ScalarValue scalar) -> tag(Tag.SCALAR).scalar(scalar);
            case ParameterValue.OfScalarList(List<ScalarValue> list) -> tag(Tag.SCALAR_LIST).list(list, this::scalar);
            case ParameterValue.OfBool(boolean flag) -> tag(Tag.BOOL).out.writeBoolean(flag);
            case ParameterValue.OfBoolList(List<Boolean> list) -> tag(Tag.BOOL_LIST).list(list, out::writeBoolean);
            case ParameterValue.OfInt(long number) -> tag(Tag.INT).out.writeLong(number);
            case ParameterValue.OfIntList(List<Long> list) -> tag(Tag.INT_LIST).list(list, out::writeLong);
            case ParameterValue.OfSymInt(long number) -> tag(Tag.SYM_INT).out.writeLong(number);
            case ParameterValue.OfSymIntList(List<Long> list) -> tag(Tag.SYM_INT_LIST).list(list, out::writeLong);
            case ParameterValue.OfDouble(double number) -> tag(Tag.DOUBLE).real(number);
            case ParameterValue.OfDoubleList(List<Double> list) -> tag(Tag.DOUBLE_LIST).list(list, this::real);
            case ParameterValue.OfString(String text) -> tag(Tag.STRING).text(text);
            case ParameterValue.OfDType(DType dtype) -> tag(Tag.DTYPE).text(dtype.text());
            case ParameterValue.OfLayout(Layout layout) -> tag(Tag.LAYOUT).text(layout.toString());
            case ParameterValue.OfMemoryFormat(MemoryFormat format) -> tag(Tag.MEMORY_FORMAT).text(format.toString());
            case ParameterValue.OfDevice(DeviceMetadata device) -> tag(Tag.DEVICE).text(device.toString());
        }
    }

    private ParameterCodec tag(Tag tag) throws IOException {
        out.writeByte(tag.ordinal());
        return this;
    }

    private void tensor(TensorMetadata tensor) throws IOException {
        out.writeBoolean(tensor.isDynamic());
        text(tensor.dtype().text());
        text(tensor.device().toString());
        list(tensor.sizes(), this::size);
        list(tensor.strides(), this::size);
        out.writeBoolean(tensor.requiresGrad());
    }

    private void optional(Optional<TensorMetadata> tensor) throws IOException {
        out.writeBoolean(tensor.isPresent());
        if (tensor.isPresent()) {
            tensor(tensor.get());
        }
    }

    private void scalar(ScalarValue scalar) throws IOException {
        switch (scalar) {
            case ScalarValue.Bool(boolean flag) -> {
                out.writeByte(0);
                out.writeBoolean(flag);
            }
            case ScalarValue.Integer(long number) -> {
                out.writeByte(1);
                out.writeLong(number);
            }
            case ScalarValue.Real(double number) -> {
                out.writeByte(2);
                real(number);
            }
        }
    }

    /** Every NaN is the same, as it is to {@code equals}. */
    private void real(double number) throws IOException {
        out.writeLong(Double.doubleToLongBits(number));
    }

    private void size(SymInt size) throws IOException {
        text(size.toString());
    }

    private void text(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private <T> void list(List<T> values, Element<T> element) throws IOException {
        out.writeInt(values.size());
        for (T value : values) {
            element.write(value);
        }
    }
}
