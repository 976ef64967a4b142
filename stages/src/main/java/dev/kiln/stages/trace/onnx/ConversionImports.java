package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;
import java.util.Optional;

/** Casts, and the ops that do nothing in inference. */
final class ConversionImports {
    private ConversionImports() {
    }

    static void register(Registry r) {
        r.op("Cast", n -> {
            int to = (int) n.attributes().requireInteger("to");
            return QuantizedType.isFourBits(to)
                ? List.of(new Value.Tensor(FourBits.cut(n, n.tensor(0), to == QuantizedType.INT4)))
                : cast(n, OnnxTypes.dtype(to, "attribute 'to'"));
        });
        r.op("CastLike", n -> n.value(1) instanceof Value.Literal like && like.isFourBits()
            ? List.of(new Value.Tensor(FourBits.cut(n, n.tensor(0), n.valueType(1) == DType.I8)))
            : cast(n, n.valueType(1)));
        r.op("Identity", n -> List.of(n.value(0)));
        r.op("Dropout", ConversionImports::dropout);
    }

    private static List<Value> cast(NodeImport n, DType to) {
        Optional<KnownInts> known = n.known(0);
        if (known.isEmpty()) {
            return n.valueType(0) == to ? List.of(n.value(0))
                : List.of(new Value.Tensor(to.isFloat8() ? toFloat8(n, n.tensor(0), to) : n.cast(n.tensor(0), to)));
        }
        KnownInts ints = known.get();
        if (ints.isConstant()) {
            ConstantValue constant = ConstantValue.allocate(to, ints.sizes());
            for (int i = 0; i < ints.values().size(); i++) {
                constant.set(i, ints.values().get(i).asLong());
            }
            return List.of(new Value.Literal(() -> constant));
        }
        boolean scalar = ints.rank() == 0;
        SymInt first = ints.values().getFirst();
        return List.of(new Value.Tensor(scalar ? n.call("aten.full.default", List.of(), first, to)
            : n.cast(n.tensor(0), to)));
    }

    /**
     * To 8 bits, as the node's attribute says: what is too large becomes the largest number, or else what the format
     * has beyond that (infinity in e5m2, NaN in e4m3fn, which 464 still rounds away from).
     */
    static Arg.Ref toFloat8(NodeImport n, Arg.Ref x, DType to) {
        Arg.Ref real = n.dtype(x) == DType.F64 ? x : n.cast(x, DType.F32);
        QuantizedType type = QuantizedType.of(to);
        if (n.attributes().flag("saturate", true)) {
            return n.cast(n.call("aten.clamp.default", real, type.low(), type.high()), to);
        }
        if (to == DType.F8E5M2) {
            return n.cast(real, to);
        }
        Arg.Ref beyond = n.call("aten.gt.Scalar", n.call("aten.abs.default", real), 464.0);
        return n.cast(n.call("aten.where.self", beyond,
            n.call("aten.full.default", List.of(), Double.NaN, n.dtype(real)), real), to);
    }

    private static List<Value> dropout(NodeImport n) {
        boolean training = n.since(7) ? n.has(2) && n.integer(2, "training_mode") != 0
            : !n.attributes().flag("is_test", false);
        if (training && n.since(7) && ratio(n) != 0) {
            return randomDropout(n);
        }
        if (training && !n.since(7)) {
            throw new KilnException.Unsupported("training mode is not supported; export for inference");
        }
        if (!n.wants(1)) {
            return List.of(n.value(0));
        }
        Arg.Ref mask = n.call("aten.full.default", n.type(n.tensor(0)).sizes(), true, DType.BOOL);
        return List.of(n.value(0), new Value.Tensor(mask));
    }

    private static double ratio(NodeImport n) {
        return n.has(1) ? n.required(1, "ratio").doubleAt(0) : 0.5;
    }

    /** Drops each element with the given probability and scales up the others. */
    private static List<Value> randomDropout(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        double ratio = ratio(n);
        Arg.Ref mask = n.call("aten.ge.Scalar", RandomImports.unit(n, n.type(x).sizes(), n.dtype(x), 0), ratio);
        Arg.Ref scaled = n.call("aten.mul.Scalar", x, ratio < 1 ? 1 / (1 - ratio) : 0.0);
        Arg.Ref zero = n.constant("zero", ConstantValue.allocate(n.dtype(x), List.of()));
        return List.of(new Value.Tensor(n.call("aten.where.self", mask, scaled, zero)), new Value.Tensor(mask));
    }
}
