package dev.kiln.ops.metadata;

import dev.kiln.ops.DType;
import dev.kiln.ops.metadata.ParameterCodec.Tag;
import dev.kiln.ops.shape.SymInt;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** Reads what {@link ParameterCodec} wrote. A count is believed only as far as bytes follow. */
final class ParameterReader {
    private final ByteBuffer in;

    ParameterReader(byte[] bytes) {
        in = ByteBuffer.wrap(bytes);
    }

    List<ParameterMetadata> vector() {
        try {
            if (in.get() != ParameterCodec.VERSION) {
                throw new IllegalArgumentException("another version of the encoding");
            }
            List<ParameterMetadata> vector = list(() -> new ParameterMetadata(in.getInt(), value()));
            if (in.hasRemaining()) {
                throw new IllegalArgumentException(in.remaining() + " bytes too many");
            }
            return vector;
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("the encoding ends early", e);
        }
    }

    private ParameterValue value() {
        int tag = in.get();
        if (tag < 0 || tag >= Tag.values().length) {
            throw new IllegalArgumentException("unknown kind of parameter " + tag);
        }
        return switch (Tag.values()[tag]) {
            case TENSOR -> new ParameterValue.OfTensor(tensor());
            case TENSOR_LIST -> new ParameterValue.OfTensorList(list(this::tensor));
            case OPTIONAL_TENSOR_LIST -> new ParameterValue.OfOptionalTensorList(
                list(() -> flag() ? Optional.of(tensor()) : Optional.empty()));
            case SCALAR -> new ParameterValue.OfScalar(scalar());
            case SCALAR_LIST -> new ParameterValue.OfScalarList(list(this::scalar));
            case BOOL -> new ParameterValue.OfBool(flag());
            case BOOL_LIST -> new ParameterValue.OfBoolList(list(this::flag));
            case INT -> new ParameterValue.OfInt(in.getLong());
            case INT_LIST -> new ParameterValue.OfIntList(list(in::getLong));
            case SYM_INT -> new ParameterValue.OfSymInt(in.getLong());
            case SYM_INT_LIST -> new ParameterValue.OfSymIntList(list(in::getLong));
            case DOUBLE -> new ParameterValue.OfDouble(in.getDouble());
            case DOUBLE_LIST -> new ParameterValue.OfDoubleList(list(in::getDouble));
            case STRING -> new ParameterValue.OfString(text());
            case DTYPE -> new ParameterValue.OfDType(named(DType::parse));
            case LAYOUT -> new ParameterValue.OfLayout(named(Layout::parse));
            case MEMORY_FORMAT -> new ParameterValue.OfMemoryFormat(named(MemoryFormat::parse));
            case DEVICE -> new ParameterValue.OfDevice(named(DeviceMetadata::parse));
        };
    }

    private TensorMetadata tensor() {
        return new TensorMetadata(flag(), named(DType::parse), named(DeviceMetadata::parse), list(this::size),
            list(this::size), flag());
    }

    private ScalarValue scalar() {
        return switch (in.get()) {
            case 0 -> new ScalarValue.Bool(flag());
            case 1 -> new ScalarValue.Integer(in.getLong());
            case 2 -> new ScalarValue.Real(in.getDouble());
            default -> throw new IllegalArgumentException("unknown kind of scalar");
        };
    }

    private boolean flag() {
        return switch (in.get()) {
            case 0 -> false;
            case 1 -> true;
            default -> throw new IllegalArgumentException("not a truth value");
        };
    }

    private SymInt size() {
        return SymInt.parse(text());
    }

    private <T> T named(Function<String, Optional<T>> parse) {
        String text = text();
        return parse.apply(text).orElseThrow(() -> new IllegalArgumentException("unknown name '" + text + "'"));
    }

    private String text() {
        byte[] bytes = new byte[count()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int count() {
        int count = in.getInt();
        if (count < 0 || count > in.remaining()) {
            throw new IllegalArgumentException("a count of " + count + " with " + in.remaining() + " bytes left");
        }
        return count;
    }

    private <T> List<T> list(Supplier<T> element) {
        int count = count();
        List<T> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(element.get());
        }
        return values;
    }
}
