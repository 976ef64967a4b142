package dev.kiln.stages.gemm;

import dev.kiln.ops.DType;
import dev.kiln.ops.Device;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;

/**
 * A small graph around matrix products, being built with random values. The same calls on two nets of the same seed give
 * the same values, whether rows are open or not.
 */
final class GemmNet {
    private static final double SPREAD = 0.5;

    private final GraphBuilder graph = new GraphBuilder(new ShapeEnv());
    private final Map<String, ConstantValue> inputs = new HashMap<>();
    private final Map<Long, SymInt> open = new HashMap<>();
    private final Random random;
    private final Form form;
    private final DType dtype;
    private final DType rounding;
    private boolean tensors;

    enum Form {
        /** As it stands. */
        FIXED,
        /** The first size of inputs is open. */
        OPEN,
        /** In f32, on the rounded values. */
        EXACT
    }

    GemmNet(long seed, DType dtype, Form form) {
        this.random = new Random(seed);
        this.dtype = form == Form.EXACT ? DType.F32 : dtype;
        this.rounding = dtype;
        this.form = form;
    }

    DType dtype() {
        return dtype;
    }

    /** From now on weights are inputs. */
    GemmNet weightsAsInputs() {
        tensors = true;
        return this;
    }

    /** An input whose first size is open in the dynamic form; equal sizes are the same symbol. */
    Arg.Ref rows(long... sizes) {
        return rows(dtype, sizes);
    }

    Arg.Ref rows(DType type, long... sizes) {
        List<SymInt> symbolic = new ArrayList<>(Arrays.stream(sizes).mapToObj(SymInt::of).toList());
        symbolic.set(0, rowCount(sizes[0]));
        return input(FakeTensor.contiguous(type, symbolic), draw(type, sizes));
    }

    /** A number of rows: open in the dynamic form. */
    SymInt rowCount(long count) {
        return form == Form.OPEN ? open.computeIfAbsent(count, graph.shapes()::size) : SymInt.of(count);
    }

    Arg.Ref input(long... sizes) {
        return input(FakeTensor.contiguous(dtype, sizes), draw(dtype, sizes));
    }

    /** Between 0.5 and 1.5, to multiply with and to divide by. */
    Arg.Ref factor(long... sizes) {
        return input(FakeTensor.contiguous(dtype, sizes), fill(dtype, sizes, () -> 1 + random.nextDouble(-SPREAD, SPREAD)));
    }

    Arg.Ref indices(long limit, long... sizes) {
        return input(FakeTensor.contiguous(DType.I64, sizes), fill(DType.I64, sizes, () -> random.nextInt((int) limit)));
    }

    /** An input that lies in memory as given; elements between are not to be read. */
    Arg.Ref strided(List<Long> sizes, List<Long> strides, long offset) {
        FakeTensor tensor = new FakeTensor(dtype, sizes.stream().map(SymInt::of).toList(),
            strides.stream().map(SymInt::of).toList(), SymInt.of(offset), Device.CPU);
        return input(tensor, draw(dtype, sizes.stream().mapToLong(Long::longValue).toArray()));
    }

    private Arg.Ref input(FakeTensor tensor, ConstantValue value) {
        String name = "x" + inputs.size();
        inputs.put(name, value);
        return graph.placeholder(name, tensor);
    }

    /** A weight for sums of {@code sizes[last]} products that come out about as large as what goes in. */
    Arg.Ref weight(long... sizes) {
        double scale = 1 / Math.sqrt(sizes[sizes.length - 1]);
        ConstantValue value = fill(dtype, sizes, () -> random.nextGaussian() * scale);
        return tensors ? input(FakeTensor.contiguous(dtype, sizes), value) : graph.constant("w", value);
    }

    Arg.Ref constant(long... sizes) {
        return constant(dtype, sizes);
    }

    Arg.Ref constant(DType type, long... sizes) {
        return graph.constant("c", draw(type, sizes));
    }

    /** Positive and small. */
    Arg.Ref scales(DType type, long... sizes) {
        return graph.constant("s", scaleValues(type, sizes));
    }

    ConstantValue scaleValues(DType type, long... sizes) {
        return fill(type, sizes, () -> 0.01 + 0.01 * random.nextDouble());
    }

    ConstantValue draw(DType type, long... sizes) {
        return fill(type, sizes, type.isFloating() ? () -> SPREAD * random.nextGaussian()
            : type == DType.U8 ? () -> random.nextInt(256) : () -> random.nextInt(256) - 128);
    }

    private ConstantValue fill(DType type, long[] sizes, DoubleSupplier values) {
        ConstantValue value = ConstantValue.allocate(type, Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            if (type == dtype) {
                value.set(i, rounded(values.getAsDouble()));
            } else if (type.isFloating()) {
                value.set(i, values.getAsDouble());
            } else {
                value.set(i, (long) values.getAsDouble());
            }
        }
        return value;
    }

    private double rounded(double value) {
        ConstantValue one = ConstantValue.allocate(rounding, List.of());
        one.set(0, value);
        return one.doubleAt(0);
    }

    Arg.Ref constant(ConstantValue value) {
        return graph.constant("v", value);
    }

    Arg.Ref linear(Arg.Ref x, long n, long k, boolean bias) {
        Arg.Ref weight = weight(n, k);
        return bias ? call("linear", x, weight, constant(n)) : call("linear", x, weight);
    }

    /** An ATen op by its name, in its default overload unless one is named. */
    Arg.Ref call(String op, Object... args) {
        String name = op.startsWith("kiln.") ? op : "aten." + op;
        return graph.call(name.indexOf('.', "aten.".length()) < 0 ? name + ".default" : name, args);
    }

    Program program(List<Arg.Ref> outputs) {
        for (int i = 0; i < outputs.size(); i++) {
            graph.output("y" + i, outputs.get(i));
        }
        return new Program(graph.build(), inputs);
    }
}
