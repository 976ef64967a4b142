package dev.kiln.bench;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Random inputs that a model can take: token ids that lie in any usual vocabulary, masks of ones with zeros
 * at the end of some rows, small floats. The same seed gives the same values.
 */
final class InputMaker {
    /** Below the vocabulary of BERT and of most that came after. */
    private static final int MAX_ID = 30_000;
    private static final int SMALL = 2;
    private static final double MASKED_PART = 0.25;

    private final Random random;

    InputMaker(long seed) {
        random = new Random(seed);
    }

    /** @param shapes by input name; an input that is not among them must have a fixed shape */
    Map<String, Tensor> make(List<InputSpec> specs, Map<String, long[]> shapes) {
        List<String> unknown = new ArrayList<>(shapes.keySet());
        specs.forEach(spec -> unknown.remove(spec.name()));
        if (!unknown.isEmpty()) {
            throw new KilnException.BadInput("--shape names the input '" + unknown.getFirst()
                    + "', which the model does not have; it has "
                    + specs.stream().map(InputSpec::name).toList());
        }
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (InputSpec spec : specs) {
            long[] shape = shapes.get(spec.name());
            if (shape == null) {
                shape = spec.fixedShape();
            }
            spec.requireFits(shape);
            inputs.put(spec.name(), make(spec, shape));
        }
        return inputs;
    }

    private Tensor make(InputSpec spec, long[] shape) {
        int count = 1;
        for (long size : shape) {
            count = Math.toIntExact(Math.multiplyExact(count, size));
        }
        if (spec.dtype().isFloating()) {
            return floats(spec.dtype(), count, shape);
        }
        if (spec.dtype().isComplex()) {
            Tensor parts = floats(spec.dtype().part(), 2 * count, new long[] {2L * count});
            return Tensor.of(parts.data(), spec.dtype(), shape);
        }
        long[] values = spec.name().contains("mask") ? mask(count, shape) : integers(spec, count);
        return ofIntegers(spec.dtype(), values, shape);
    }

    private Tensor floats(DType dtype, int count, long[] shape) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return dtype == DType.F64 ? Tensor.ofDoubles(widen(values), shape)
                : Tensor.ofFloats(dtype, values, shape);
    }

    private static double[] widen(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    private long[] integers(InputSpec spec, int count) {
        boolean ids = spec.name().contains("id") && !spec.name().contains("type")
                && spec.dtype().bytes() >= Integer.BYTES;
        return random.longs(count, 0, ids ? MAX_ID : SMALL).toArray();
    }

    /** Ones; every other row (along the last dimension) ends in zeros. */
    private long[] mask(int count, long[] shape) {
        int row = shape.length == 0 ? 1 : (int) Math.max(1, shape[shape.length - 1]);
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            boolean padded = i / row % 2 == 1 && i % row >= row * (1 - MASKED_PART);
            values[i] = padded ? 0 : 1;
        }
        return values;
    }

    private static Tensor ofIntegers(DType dtype, long[] values, long[] shape) {
        Tensor tensor = Tensor.allocate(dtype, shape);
        var bytes = tensor.data().asByteBuffer().order(ByteOrder.nativeOrder());
        for (long value : values) {
            switch (dtype.bytes()) {
                case 1 -> bytes.put((byte) value);
                case 2 -> bytes.putShort((short) value);
                case 4 -> bytes.putInt((int) value);
                default -> bytes.putLong(value);
            }
        }
        return tensor;
    }
}
