package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.aten.QuantizationOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Quantisation as PT2E writes it ({@code quantized_decomposed}), and products with weights of 4 bits. */
final class QuantizedOps {
    private static final String UNPACKED = "aten._convert_weight_to_int4pack_for_cpu.default";
    private static final String FAMILY = "quantized_decomposed.";

    private static final Map<String, Translator> OPS = Map.ofEntries(
        Map.entry(FAMILY + "quantize_per_tensor.default", call -> quantize(call, List.of(), false)),
        Map.entry(FAMILY + "quantize_per_tensor.tensor", call -> quantize(call, List.of(), false)),
        Map.entry(FAMILY + "quantize_per_tensor.tensor2", call -> quantize(call, List.of(), false)),
        Map.entry(FAMILY + "quantize_per_channel.default", call -> quantize(call, along(call), true)),
        Map.entry(FAMILY + "dequantize_per_tensor.default", call -> dequantize(call, false)),
        Map.entry(FAMILY + "dequantize_per_tensor.tensor", call -> dequantize(call, false)),
        Map.entry(FAMILY + "dequantize_per_tensor.tensor2", call -> dequantize(call, false)),
        Map.entry(FAMILY + "dequantize_per_channel.default", call -> dequantize(call, true)),
        Map.entry(FAMILY + "choose_qparams.tensor", QuantizedOps::chooseParameters),
        Map.entry(UNPACKED, QuantizedOps::packed),
        Map.entry("aten._weight_int4pack_mm_for_cpu.default", QuantizedOps::int4Product));

    private QuantizedOps() {
    }

    static Translator find(String name) {
        return OPS.get(name);
    }

    /** The sizes in which the parameters of the channels are broadcast. */
    private static List<SymInt> along(NodeCall call) {
        Arg.Ref input = call.tensor("input", 0);
        int rank = call.type(input).rank();
        List<SymInt> sizes = new ArrayList<>(Collections.nCopies(rank, SymInt.ONE));
        sizes.set(axis(call, rank), call.type(call.tensor("scales", 1)).size(0));
        return sizes;
    }

    private static int axis(NodeCall call, int rank) {
        return Math.floorMod((int) integer(call, "axis", 3), rank);
    }

    private static long integer(NodeCall call, String name, int position) {
        return ((Arg.Int) call.arg(call.argument(name, position))).value().asLong();
    }

    /** round(x / scale) + zero point, within the limits; by the reciprocal, as PyTorch does. */
    private static List<Bound> quantize(NodeCall call, List<SymInt> sizes, boolean channels) {
        Arg.Ref x = call.tensor("input", 0);
        int last = channels ? 4 : 3;
        Arg.Ref wide = SpecialOps.cast(call, x, call.dtype(x).isReduced() ? DType.F32 : call.dtype(x));
        Arg.Ref scale = parameter(call, channels ? "scales" : "scale", 1, channels ? DType.F32 : DType.F64, sizes);
        Arg.Ref inverse = SpecialOps.cast(call, call.call("aten.reciprocal.default", scale), DType.F32);
        Arg.Ref zero = parameter(call, channels ? "zero_points" : "zero_point", 2, DType.F32, sizes);
        Arg.Ref rounded = call.call("aten.round.default", call.call("aten.mul.Tensor", wide, inverse));
        Arg.Ref limited = call.call("aten.clamp.default", call.call("aten.add.Tensor", rounded, zero),
            (double) integer(call, "quant_min", last), (double) integer(call, "quant_max", last + 1));
        if (!(call.arg(call.argument("dtype", last + 2)) instanceof Arg.Type(DType dtype))) {
            throw new KilnException.BadInput("argument 'dtype' is not a dtype");
        }
        Arg.Ref result = call.call("aten._to_copy.default", limited, dtype);
        return NodeCall.one(call.builder().node(x) instanceof Node.Constant c ? folded(call, c, result) : result);
    }

    /** A weight that is kept in f32 is rounded here, so that passes see its bytes. */
    private static Arg.Ref folded(NodeCall call, Node.Constant weight, Arg.Ref result) {
        return FoldedSubgraph.value(call.builder(), result)
            .map(v -> call.builder().constant(weight.name() + "_quantized", v)).orElse(result);
    }

    /** A number or tensor as a tensor of a dtype and of sizes that broadcast. */
    private static Arg.Ref parameter(NodeCall call, String name, int position, DType dtype, List<SymInt> sizes) {
        return switch (call.arg(call.argument(name, position))) {
            case Arg.Ref ref -> SpecialOps.cast(call, call.type(ref).sizes().equals(sizes) ? ref
                : call.call("aten.reshape.default", ref, sizes), dtype);
            case Arg.Real(double value) -> number(call, name, value, dtype);
            case Arg.Int(SymInt value) when value.isConstant() -> number(call, name, value.asLong(), dtype);
            default -> throw new KilnException.BadInput("argument '" + name + "' is not a number");
        };
    }

    private static Arg.Ref number(NodeCall call, String name, double value, DType dtype) {
        ConstantValue constant = ConstantValue.allocate(dtype, List.of());
        constant.set(0, value);
        return call.builder().constant(name, constant);
    }

    private static List<Bound> dequantize(NodeCall call, boolean channels) {
        Arg.Ref x = call.tensor("input", 0);
        int axis = channels ? axis(call, call.type(x).rank()) : 0;
        List<SymInt> sizes = channels ? List.of(call.type(call.tensor("scales", 1)).size(0)) : List.of();
        Arg.Ref scale = parameter(call, channels ? "scales" : "scale", 1, DType.F32, sizes);
        String zeroName = channels ? "zero_points" : "zero_point";
        boolean centered = call.arg(call.argument(zeroName, 2)) instanceof Arg.None;
        Arg zero = centered ? Arg.NONE : parameter(call, zeroName, 2, DType.I32, sizes);
        DType dtype = call.arg("out_dtype", Arg.NONE) instanceof Arg.Type(DType given) ? given : DType.F32;
        return NodeCall.one(call.call(QuantizationOps.DEQUANTIZE, x, scale, zero, axis, dtype));
    }

    /** The scale (f64) and zero point (i64) of a tensor's range with 0 in it; each of size 1. */
    private static List<Bound> chooseParameters(NodeCall call) {
        Arg.Ref x = call.tensor("input", 0);
        long low = integer(call, "quant_min", 1);
        long high = integer(call, "quant_max", 2);
        double eps = call.arg(call.argument("eps", 3)) instanceof Arg.Real(double value) ? value : Math.ulp(1f);
        long[] all = IntStream.range(0, call.type(x).rank()).asLongStream().toArray();
        Arg.Ref least = call.call("aten.clamp_max.default", call.call("aten.amin.default", x, all, false), 0.0);
        Arg.Ref most = call.call("aten.clamp_min.default", call.call("aten.amax.default", x, all, false), 0.0);
        Arg.Ref span = call.call("aten.div.Scalar", call.call("aten.sub.Tensor", most, least), (double) (high - low));
        Arg.Ref scale = call.call("aten.clamp_min.default", span, eps);
        Arg.Ref steps = call.call("aten.round.default", call.call("aten.div.Tensor", least, scale));
        Arg.Ref zero = call.call("aten.clamp.default", call.call("aten.rsub.Scalar", steps, (double) low),
            (double) low, (double) high);
        return List.of(single(call, scale, DType.F64), single(call, zero, DType.I64));
    }

    private static Bound single(NodeCall call, Arg.Ref number, DType dtype) {
        return new Bound.Plain(call.call("aten.reshape.default", SpecialOps.cast(call, number, dtype), List.of(SymInt.ONE)));
    }

    /** Two neighbours of a row of numbers from 0 to 15 in a byte, the first in its low half. */
    private static List<Bound> packed(NodeCall call) {
        Arg.Ref q = call.tensor("self", 0);
        Arg.Ref even = call.call("aten.slice.Tensor", q, 1, 0, call.type(q).size(1), 2);
        Arg.Ref odd = call.call("aten.slice.Tensor", q, 1, 1, call.type(q).size(1), 2);
        Arg.Ref both = call.call("aten.add.Tensor", even, call.call("aten.mul.Scalar", odd, 16));
        return NodeCall.one(SpecialOps.cast(call, both, DType.U8));
    }

    private static List<Bound> int4Product(NodeCall call) {
        boolean known = call.argument("mat2", 1) instanceof Argument.Tensor(String name)
            && call.scope().graph().nodes().stream().anyMatch(n -> Targets.name(n.target()).equals(UNPACKED)
                && GraphTranslator.names(n.outputs()).contains(name));
        if (!known) {
            throw new KilnException.Unsupported("its weight was packed for the CPU that packed it, which the file does not"
                + " name; export with the call of _convert_weight_to_int4pack_for_cpu in the program, or with"
                + " dequantised weights and --precision int4-woq");
        }
        return NodeCall.one(call.call(LowPrecisionProducts.INT4_WEIGHT, call.tensor("self", 0), call.tensor("mat2", 1),
            call.arg(call.argument("qGroupSize", 2)), call.tensor("qScaleAndZeros", 3)));
    }
}
