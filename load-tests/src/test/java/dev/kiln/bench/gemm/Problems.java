package dev.kiln.bench.gemm;

import dev.kiln.bench.gemm.Problem.Arithmetic;
import dev.kiln.bench.gemm.Problem.Body;
import dev.kiln.bench.gemm.Problem.Peer;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.List;

/** The products of the benchmark's table. */
final class Problems {
    /** Bytes of weights that are in use in turn where the weight is to come from memory. */
    private static final long COLD_BYTES = 160L << 20;
    private static final int GROUP = 128;
    private static final int BF16 = 15;

    private Problems() {
    }

    static List<Problem> all() {
        List<Problem> all = new ArrayList<>(List.of(
            linear("linear", DType.BF16, 512, 3073, 768, true, 1.4),
            linear("linear", DType.F32, 512, 3073, 768, false, 0.95)));
        long[] rows = {1, 4, 16, 128};
        double[] reach = {1, 1.6, 4, 14};
        for (int i = 0; i < rows.length; i++) {
            all.add(int8Weight("woq", rows[i], reach[i], true));
            all.add(int8Weight("woq", rows[i], 0, false));
        }
        all.add(int4Weight("int4", 1, 1.6));
        all.add(int4Weight("int4", 4, 0));
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            for (long n : new long[] {65, 385, 1025, 3073}) {
                for (long k : new long[] {196, 1000}) {
                    for (long m : new long[] {1, 3, 17, 1000}) {
                        all.add(linear("odd-" + name(dtype), dtype, m, n, k, true, 0.9));
                    }
                }
            }
        }
        for (long m : new long[] {1, 32, 512}) {
            all.add(bytes("int8", DType.I8, m));
            all.add(bytes("int8", DType.U8, m));
        }
        all.add(scaled("scaled", 512, false));
        all.add(scaled("scaled", 512, true));
        all.addAll(TrainingProblems.all());
        return all;
    }

    /** One whose calls are nearly all dispatch. */
    static Problem small() {
        return linear("small", DType.F32, 1, 16, 16, true, 0);
    }

    private static String name(DType dtype) {
        return dtype.toString().toLowerCase(java.util.Locale.ROOT);
    }

    private static String name(String kind, long m, long n, long k) {
        return kind + " " + m + "x" + k + " -> " + n;
    }

    /** The peer is libtorch's linear, or oneDNN's as TorchInductor calls it, with a weight in oneDNN's layout. */
    private static Problem linear(String group, DType dtype, long m, long n, long k, boolean bias, double reach) {
        String b = bias ? "c0" : "None";
        List<Values> rest = bias ? List.of(Values.of(dtype, n)) : List.of();
        Body body = (g, x, w, c) -> bias ? g.call("aten.linear.default", x, w, c.getFirst())
            : g.call("aten.linear.default", x, w);
        return new Problem(group, name(name(dtype) + " linear", m, n, k) + (bias ? " + bias" : ""), reach,
            Values.of(dtype, m, k), Values.of(dtype, n, k), rest, 1, m * n * k,
            dtype == DType.F32 ? Arithmetic.F32 : Arithmetic.BF16, body, List.of(
                new Peer.Torch("aten::linear", "x", "torch.clone(w)", "torch.linear(x, w, " + b + ")"),
                new Peer.Torch("oneDNN, packed", "x", "ops.mkldnn._reorder_linear_weight(w, m)",
                    "ops.mkldnn._linear_pointwise(x, w, " + b + ", \"none\", [], \"\")")));
    }

    private static int copies(long bytes, boolean cold) {
        return cold ? (int) Math.ceilDiv(COLD_BYTES, bytes) : 1;
    }

    private static Problem int8Weight(String group, long m, double reach, boolean cold) {
        long size = 4096;
        Body body = (g, x, w, c) -> g.call("aten._weight_int8pack_mm.default", x, w, c.getFirst());
        return new Problem(group, name("int8 WoQ", m, size, size) + (cold ? "" : ", warm"), reach,
            Values.of(DType.BF16, m, size), Values.of(DType.I8, size, size), List.of(Values.scales(DType.BF16, size)),
            copies(size * size, cold), m * size * size, Arithmetic.BF16, body, List.of(
                new Peer.Torch("_weight_int8pack_mm", "x", "torch.clone(w)", "torch._weight_int8pack_mm(x, w, c0)")));
    }

    /** Beside Kiln's int8, libtorch's own product of 4 bits is shown as a problem without a target. */
    private static Problem int4Weight(String group, long m, double reach) {
        long size = 4096;
        Body body = (g, x, w, c) -> g.call("kiln.linear_int4.default", x, w, GROUP, c.getFirst());
        Peer torch = new Peer.Torch("_weight_int4pack_mm_for_cpu", "x",
            "torch._convert_weight_to_int4pack_for_cpu(torch.to(torch.reshape(torch.stack([torch.bitwise_and(w, 15), "
                + "torch.bitwise_right_shift(w, 4)], -1), [4096, 4096]), 3), 1)",
            "torch._weight_int4pack_mm_for_cpu(x, w, " + GROUP + ", c0)");
        Peer kiln = new Peer.Kiln(int8Weight(group, m, 0, true));
        return new Problem(group, name("int4 WoQ", m, size, size), reach, Values.of(DType.BF16, m, size),
            Values.of(DType.U8, size, size / 2), List.of(Values.scales(DType.BF16, size / GROUP, size, 2)),
            copies(size * size / 2, true), m * size * size, Arithmetic.BF16, body,
            List.of(reach > 0 ? kiln : torch));
    }

    /** {@code _int_mm} takes signed bytes in libtorch; for unsigned ones its work on the same sizes is the measure. */
    private static Problem bytes(String group, DType dtype, long m) {
        long n = 3072;
        long k = 768;
        Body body = (g, x, w, c) -> g.call("aten._int_mm.default", x, g.call("aten.t.default", w));
        return new Problem(group, name("_int_mm " + name(dtype) + " x i8", m, n, k), 1, Values.of(dtype, m, k),
            Values.of(DType.I8, n, k), List.of(), 1, m * n * k, Arithmetic.INT8, body, List.of(
                new Peer.Torch("_int_mm", dtype == DType.I8 ? "x" : "torch.to(torch.bitwise_right_shift(x, 1), 1)",
                    "torch.t(torch.clone(w))", "torch._int_mm(x, w)")));
    }

    private static Problem scaled(String group, long m, boolean rows) {
        long n = 3072;
        long k = 768;
        List<Values> scales = rows ? List.of(Values.scales(DType.F32, m, 1), Values.scales(DType.F32, 1, n))
            : List.of(Values.scales(DType.F32, 1), Values.scales(DType.F32, 1));
        Body body = (g, x, w, c) -> g.call("aten._scaled_mm.default", x, g.call("aten.t.default", w), c.get(0), c.get(1),
            null, null, DType.BF16);
        return new Problem(group, name("_scaled_mm f8e4m3 by " + (rows ? "row" : "tensor"), m, n, k), 1,
            Values.of(DType.F8E4M3FN, m, k), Values.of(DType.F8E4M3FN, n, k), scales, 1, m * n * k, Arithmetic.BF16, body,
            List.of(new Peer.Torch("_scaled_mm", "x", "torch.t(torch.clone(w))",
                "torch._scaled_mm(x, w, c0, c1, None, None, " + BF16 + ", False)")));
    }
}
