package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;
import java.util.Optional;

/** Constants, ranges, and masks by position. */
final class FactoryImports {
    private FactoryImports() {
    }

    static void register(Registry r) {
        r.op("Constant", n -> List.of(new Value.Literal(() -> constant(n), isFourBits(n))));
        r.tensor("ConstantOfShape", n -> {
            Optional<ConstantValue> value = n.attributes().tensor("value").map(n.context().reader()::read);
            Arg number = value.map(v -> NodeImport.number(v, 0)).orElse(new Arg.Real(0));
            return n.call("aten.full.default", n.sizes(0, "shape"), number, value.map(ConstantValue::dtype)
                .orElse(DType.F32));
        });
        r.tensor("Range", FactoryImports::range);
        r.tensor("EyeLike", FactoryImports::eye);
        r.tensor("Trilu", FactoryImports::triangle);
    }

    private static boolean isFourBits(NodeImport n) {
        return n.attributes().tensor("value").filter(t -> QuantizedType.isFourBits(t.getDataType())).isPresent();
    }

    private static ConstantValue constant(NodeImport n) {
        Attributes a = n.attributes();
        Optional<TensorProto> tensor = a.tensor("value");
        if (tensor.isPresent()) {
            return n.context().reader().read(tensor.get());
        }
        if (a.has("value_float")) {
            return ConstantValue.floats(List.of(), a.real("value_float", 0));
        }
        if (a.has("value_int")) {
            return ConstantValue.longs(List.of(), a.integer("value_int", 0));
        }
        if (a.has("value_ints")) {
            long[] values = a.requireIntegers("value_ints");
            return ConstantValue.longs(List.of((long) values.length), values);
        }
        List<Float> values = a.reals("value_floats").orElseThrow(() -> new KilnException.Unsupported(
            "a constant that is neither a tensor nor of floats or integers is not supported"));
        ConstantValue constant = ConstantValue.allocate(DType.F32, List.of((long) values.size()));
        for (int i = 0; i < values.size(); i++) {
            constant.set(i, values.get(i));
        }
        return constant;
    }

    private static Arg.Ref range(NodeImport n) {
        DType dtype = n.valueType(0);
        List<Arg> bounds = List.of(number(n, 0, "start"), number(n, 1, "limit"), number(n, 2, "delta"));
        boolean whole = bounds.stream().allMatch(b -> whole(b) instanceof Arg.Int);
        List<Arg> used = whole ? bounds.stream().map(FactoryImports::whole).toList() : bounds;
        return n.call("aten.arange.start_step", used.get(0), used.get(1), used.get(2), dtype);
    }

    private static Arg number(NodeImport n, int input, String role) {
        return n.number(input, Integer.MAX_VALUE).or(() -> castSize(n, input))
            .orElseGet(() -> NodeImport.number(n.required(input, role), 0));
    }

    /** Reals without a fraction as integers, so that sizes may stand beside them. */
    private static Arg whole(Arg number) {
        return number instanceof Arg.Real(double value) && value == Math.rint(value) && Math.abs(value) < 1L << 53
            ? Arg.of((long) value) : number;
    }

    /** The size that was cast to another type. */
    private static Optional<Arg> castSize(NodeImport n, int input) {
        if (n.value(input) instanceof Value.Tensor(Arg.Ref ref) && n.node(ref) instanceof Node.Call full
                && full.op().name().equals("aten.full.default") && full.arg(1) instanceof Arg.Int size) {
            return Optional.of(size);
        }
        return Optional.empty();
    }

    /** For each place of a matrix its column less its row. */
    private static Arg.Ref diagonals(NodeImport n, SymInt rows, SymInt columns) {
        Arg.Ref row = n.call("aten.arange.start_step", 0, rows, 1, DType.I64);
        Arg.Ref column = n.call("aten.arange.start_step", 0, columns, 1, DType.I64);
        return n.call("aten.sub.Tensor", column, n.call("aten.unsqueeze.default", row, 1));
    }

    private static Arg.Ref eye(NodeImport n) {
        List<SymInt> sizes = n.type(n.tensor(0)).sizes();
        DType dtype = n.attributes().has("dtype")
            ? OnnxTypes.dtype((int) n.attributes().integer("dtype", 0), "attribute 'dtype'") : n.valueType(0);
        Arg.Ref diagonals = diagonals(n, sizes.getFirst(), sizes.getLast());
        return n.cast(n.call("aten.eq.Scalar", diagonals, n.attributes().integer("k", 0)), dtype);
    }

    /** Keeps the triangle above (or below) a diagonal and zeroes the rest. */
    private static Arg.Ref triangle(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        List<SymInt> sizes = n.type(x).sizes();
        long k = n.has(1) ? n.integer(1, "k") : 0;
        Arg.Ref diagonals = diagonals(n, sizes.get(sizes.size() - 2), sizes.getLast());
        String keeps = n.attributes().flag("upper", true) ? "aten.ge.Scalar" : "aten.le.Scalar";
        Arg.Ref zero = n.constant("zero", ConstantValue.allocate(n.dtype(x), List.of()));
        return n.call("aten.where.self", n.call(keeps, diagonals, k), x, zero);
    }
}
