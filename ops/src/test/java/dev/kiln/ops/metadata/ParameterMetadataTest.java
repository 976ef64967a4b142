package dev.kiln.ops.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ParameterMetadataTest {
    private static final TensorMetadata TENSOR = TensorMetadata.of(FakeTensor.contiguous(DType.F32, 2, 3));
    private static final Arg.Ref X = Arg.ref("x");

    private static OpOverload op(String types) {
        List<String> parameters = new ArrayList<>();
        for (String type : types.split(" ")) {
            parameters.add(type + " p" + parameters.size());
        }
        return new OpOverload(OpSchema.parse("test.op(" + String.join(", ", parameters) + ") -> Tensor"), OpKind.VIEW,
            args -> List.of(), Optional.empty());
    }

    private static List<ParameterMetadata> metadata(String types, Arg... args) {
        OpOverload op = op(types);
        return ParameterMetadata.of(op, op.schema().complete(List.of(args)), ref -> TENSOR);
    }

    private static ParameterValue value(String type, Arg arg) {
        List<ParameterMetadata> vector = metadata(type, arg);
        assertThat(vector).hasSize(1);
        assertThat(vector.getFirst().order()).isZero();
        return vector.getFirst().value();
    }

    /** A value for each type of PyTorch's schemas; optional ones with a value are as those without. */
    private static Map<String, Map.Entry<Arg, ParameterValue>> everyType() {
        Map<String, Map.Entry<Arg, ParameterValue>> types = new LinkedHashMap<>();
        types.put("Tensor", Map.entry(X, new ParameterValue.OfTensor(TENSOR)));
        types.put("Tensor[]", Map.entry(new Arg.Refs(List.of(X, X)),
            new ParameterValue.OfTensorList(List.of(TENSOR, TENSOR))));
        types.put("Tensor?[]", Map.entry(new Arg.Refs(List.of(Arg.ABSENT, X)),
            new ParameterValue.OfOptionalTensorList(List.of(Optional.empty(), Optional.of(TENSOR)))));
        types.put("Scalar", Map.entry(new Arg.Real(0.5), new ParameterValue.OfScalar(new ScalarValue.Real(0.5))));
        types.put("Scalar[]", Map.entry(new Arg.Reals(List.of(0.5, 2.0)), new ParameterValue.OfScalarList(
            List.of(new ScalarValue.Real(0.5), new ScalarValue.Real(2)))));
        types.put("bool", Map.entry(new Arg.Bool(true), new ParameterValue.OfBool(true)));
        types.put("bool[3]", Map.entry(new Arg.Bools(List.of(true, false, true)),
            new ParameterValue.OfBoolList(List.of(true, false, true))));
        types.put("int", Map.entry(Arg.of(7), new ParameterValue.OfInt(7)));
        types.put("int[]", Map.entry(Arg.ints(1, -2), new ParameterValue.OfIntList(List.of(1L, -2L))));
        types.put("int[1]", Map.entry(Arg.of(4), new ParameterValue.OfIntList(List.of(4L))));
        types.put("SymInt", Map.entry(Arg.of(7), new ParameterValue.OfSymInt(7)));
        types.put("SymInt[]", Map.entry(Arg.ints(7), new ParameterValue.OfSymIntList(List.of(7L))));
        types.put("float", Map.entry(Arg.of(2), new ParameterValue.OfDouble(2)));
        types.put("float[]", Map.entry(new Arg.Reals(List.of(1e-5)), new ParameterValue.OfDoubleList(List.of(1e-5))));
        types.put("str", Map.entry(new Arg.Str("tanh"), new ParameterValue.OfString("tanh")));
        types.put("ScalarType", Map.entry(new Arg.Type(DType.BF16), new ParameterValue.OfDType(DType.BF16)));
        types.put("Layout", Map.entry(new Arg.Str("strided"), new ParameterValue.OfLayout(Layout.STRIDED)));
        types.put("MemoryFormat", Map.entry(new Arg.Str("channels_last"),
            new ParameterValue.OfMemoryFormat(MemoryFormat.CHANNELS_LAST)));
        types.put("Device", Map.entry(new Arg.Str("cpu"), new ParameterValue.OfDevice(DeviceMetadata.CPU)));
        types.put("DeviceIndex", Map.entry(Arg.of(1), new ParameterValue.OfInt(1)));
        return types;
    }

    @Test
    void everyTypeHasItsValueAndSurvivesTheEncoding() {
        everyType().forEach((type, pair) -> {
            for (String form : type.equals("int[1]") ? List.of(type) : List.of(type, type + "?")) {
                assertThat(value(form, pair.getKey())).as(form).isEqualTo(pair.getValue());
                assertThat(metadata(type + "?", Arg.NONE)).as(form).isEmpty();
            }
            List<ParameterMetadata> vector = List.of(new ParameterMetadata(3, pair.getValue()));
            assertThat(ParameterMetadata.decode(ParameterMetadata.encode(vector))).as(type).isEqualTo(vector);
        });
    }

    @Test
    void differentValuesHaveDifferentEncodings() {
        List<ParameterValue> values = new ArrayList<>(everyType().values().stream().map(Map.Entry::getValue)
            .distinct().toList());
        values.add(new ParameterValue.OfScalar(new ScalarValue.Integer(1)));
        values.add(new ParameterValue.OfScalar(new ScalarValue.Real(1)));
        values.add(new ParameterValue.OfScalar(new ScalarValue.Bool(true)));
        values.add(new ParameterValue.OfDouble(0.0));
        values.add(new ParameterValue.OfDouble(-0.0));
        values.add(new ParameterValue.OfIntList(List.of()));
        values.add(new ParameterValue.OfTensor(TensorMetadata.of(FakeTensor.contiguous(DType.F32, 3, 2))));
        values.add(new ParameterValue.OfTensor(TensorMetadata.of(FakeTensor.contiguous(DType.F16, 2, 3))));
        values.add(new ParameterValue.OfTensor(TensorMetadata.of(FakeTensor.contiguous(DType.F32, 2, 3)
            .view(List.of(SymInt.of(2), SymInt.of(3)), List.of(SymInt.of(1), SymInt.of(2)), SymInt.ZERO))));
        for (int i = 0; i < values.size(); i++) {
            for (int j = 0; j < values.size(); j++) {
                List<ParameterMetadata> a = List.of(new ParameterMetadata(0, values.get(i)));
                List<ParameterMetadata> b = List.of(new ParameterMetadata(0, values.get(j)));
                assertThat(a.equals(b)).as(a + " " + b).isEqualTo(i == j);
                assertThat(ParameterMetadata.accepts(a, b)).isEqualTo(i == j);
                assertThat(Arrays.equals(ParameterMetadata.encode(a), ParameterMetadata.encode(b))).isEqualTo(i == j);
            }
        }
    }

    @Test
    void noneLeavesNoEntryButTakesItsPosition() {
        List<ParameterMetadata> lower = metadata("Tensor Scalar? Scalar?", X, Arg.of(1), Arg.NONE);
        List<ParameterMetadata> upper = metadata("Tensor Scalar? Scalar?", X, Arg.NONE, Arg.of(1));
        assertThat(lower).extracting(ParameterMetadata::order).containsExactly(0, 1);
        assertThat(upper).extracting(ParameterMetadata::order).containsExactly(0, 2);
        assertThat(lower).isNotEqualTo(upper);
    }

    @Test
    void aDynamicTensorStandsForItsRank() {
        FakeTensor general = FakeTensor.contiguous(DType.F32, List.of(SymInt.symbol("s0"), SymInt.ONE));
        TensorMetadata dynamic = TensorMetadata.of(general);
        assertThat(dynamic.isDynamic()).isTrue();
        assertThat(dynamic.accepts(TensorMetadata.of(FakeTensor.contiguous(DType.F32, 5, 1)))).isTrue();
        assertThat(dynamic.accepts(dynamic)).isTrue();
        for (FakeTensor other : List.of(FakeTensor.contiguous(DType.F32, 5), FakeTensor.contiguous(DType.F32, 5, 2),
                FakeTensor.contiguous(DType.F32, 1, 1), FakeTensor.contiguous(DType.F32, 0, 1),
                FakeTensor.contiguous(DType.F64, 5, 1), FakeTensor.contiguous(DType.F32, 5, 1)
                    .view(List.of(SymInt.of(5), SymInt.ONE), List.of(SymInt.of(2), SymInt.ONE), SymInt.ZERO))) {
            assertThat(dynamic.accepts(TensorMetadata.of(other))).as(other.toString()).isFalse();
        }
    }

    @Test
    void refusesWhatItCannotDescribe() {
        assertThatThrownBy(() -> metadata("Tensor Dimname", X, new Arg.Str("N")))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("'p1' of type Dimname");
        assertThatThrownBy(() -> value("Layout", new Arg.Str("crooked")))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("crooked");
        assertThat(metadata("Tensor Generator?", X, Arg.NONE)).hasSize(1);
    }

    @Test
    void damagedEncodingsAreRefused() {
        List<ParameterMetadata> vector = new ArrayList<>();
        everyType().values().forEach(p -> vector.add(new ParameterMetadata(vector.size(), p.getValue())));
        byte[] whole = ParameterMetadata.encode(vector);
        assertThat(ParameterMetadata.decode(whole)).isEqualTo(vector);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> ParameterMetadata.decode(cut)).isInstanceOf(IllegalArgumentException.class);
        }
        Random random = new Random(1);
        for (int i = 0; i < 20000; i++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            try {
                assertThat(ParameterMetadata.encode(ParameterMetadata.decode(damaged))).hasSizeGreaterThan(4);
            } catch (IllegalArgumentException e) {
                assertThat(e).isNotNull();
            }
        }
    }

    @Test
    void everyOpOfTheTableHasParametersOfKnownTypes() {
        for (OpOverload op : OpTable.all()) {
            for (OpSchema.Parameter parameter : op.schema().parameters()) {
                if (parameter.type().equals("Generator?")) {
                    continue; // always left out: the seed is the compile's
                }
                Arg some = example(parameter.type());
                assertThat(new ParameterValues(op.name(), r -> TENSOR).of(parameter, some)).as(op.schema().signature())
                    .isNotNull();
            }
        }
    }

    private static Arg example(String type) {
        String base = type.endsWith("?") ? type.substring(0, type.length() - 1) : type;
        if (base.equals("float")) {
            return new Arg.Real(0.5);
        }
        return everyType().entrySet().stream().filter(e -> e.getKey().replaceAll("\\d", "").equals(base)).findFirst()
            .orElseThrow(() -> new AssertionError("no example of " + type)).getValue().getKey();
    }
}
