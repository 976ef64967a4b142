package dev.kiln.stages.gemm;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import java.util.ArrayList;
import java.util.List;

/** Products of bytes, of 8-bit floats, and with weights of 8 and 4 bits; libtorch multiplies what they stand for. */
final class QuantizedCases {
    private static final DType F32 = DType.F32;
    private static final DType I32 = DType.I32;

    private QuantizedCases() {
    }

    /** With activations of this type. */
    static List<GemmCase> of(DType dtype) {
        List<GemmCase> cases = new ArrayList<>();
        addInt8Weights(dtype, cases);
        addInt4Weights(dtype, cases);
        if (dtype == F32) {
            addBytes(cases);
            addScaled(cases);
        }
        return cases;
    }

    private static void addInt8Weights(DType dtype, List<GemmCase> cases) {
        for (long m : new long[] {1, 4, 17, 32}) {
            long n = m == 4 ? 64 : 65;
            long k = m == 17 ? 144 : 128;
            cases.add(GemmCase.of("int8 weight, " + m + " rows", dtype, g -> g.call("_weight_int8pack_mm", g.rows(m, k),
                g.constant(DType.I8, n, k), g.scales(g.dtype(), n))).against(g -> {
                    Arg.Ref x = g.rows(m, k);
                    return widened(g, x, n, k);
                }));
        }
        cases.add(GemmCase.of("int8 weight as a pattern, with a residual", dtype, g -> g.call("add.Tensor",
            widened(g, g.rows(17, 128), 65, 128), g.rows(17, 65))));
        cases.add(GemmCase.several("three int8 weights of one input", dtype, g -> {
            Arg.Ref x = g.rows(4, 128);
            return List.of(widened(g, x, 64, 128), widened(g, x, 64, 128), widened(g, x, 32, 128));
        }));
    }

    private static Arg.Ref widened(GemmNet g, Arg.Ref x, long n, long k) {
        Arg.Ref weight = g.call("_to_copy", g.constant(DType.I8, n, k), g.dtype());
        return g.call("mul.Tensor", g.call("linear", x, weight), g.scales(g.dtype(), n));
    }

    private static void addInt4Weights(DType dtype, List<GemmCase> cases) {
        for (long group : new long[] {32, 64, 128}) {
            for (long m : new long[] {1, 4, 33}) {
                long n = m == 4 ? 64 : 97;
                long k = 256;
                cases.add(GemmCase.of("int4 weight in groups of " + group + ", " + m + " rows", dtype, g -> {
                    Arg.Ref x = g.rows(m, k);
                    Arg.Ref w = g.constant(g.draw(DType.U8, n, k / 2));
                    return g.call("kiln.linear_int4", x, w, group, g.scales(g.dtype(), k / group, n, 2));
                }).against(g -> {
                    Arg.Ref x = g.rows(m, k);
                    ConstantValue w = g.draw(DType.U8, n, k / 2);
                    return g.call("linear", x, g.constant(unpacked(w, g.scaleValues(g.dtype(), k / group, n, 2), group)));
                }));
            }
        }
    }

    private static ConstantValue unpacked(ConstantValue bytes, ConstantValue scales, long group) {
        long n = bytes.sizes().get(0);
        long k = 2 * bytes.sizes().get(1);
        ConstantValue weight = ConstantValue.allocate(F32, List.of(n, k));
        for (long i = 0; i < n * k; i++) {
            long both = bytes.longAt(i / 2);
            long number = (i % 2 == 0 ? both % 16 : both / 16) - 8;
            long at = 2 * (i % k / group * n + i / k);
            weight.set(i, number * scales.doubleAt(at) + scales.doubleAt(at + 1));
        }
        return weight;
    }

    private static void addBytes(List<GemmCase> cases) {
        for (DType left : List.of(DType.U8, DType.I8)) {
            for (long m : new long[] {1, 17, 32}) {
                for (long k : new long[] {48, 67}) {
                    cases.add(GemmCase.of(left + " times i8, " + m + "x" + k, F32, g -> g.call("_int_mm", g.rows(left, m, k),
                        g.call("t", g.constant(DType.I8, 65, k)))).against(g -> g.call("_to_copy", wide(g, left, m, 65, k), I32)));
                }
            }
            cases.add(GemmCase.of(left + " times i8, scaled by token and channel", F32, g -> {
                Arg.Ref sums = g.call("_to_copy", g.call("_int_mm", g.rows(left, 17, 48),
                    g.call("t", g.constant(DType.I8, 64, 48))), F32);
                return scaled(g, sums);
            }).against(g -> scaled(g, wide(g, left, 17, 64, 48))));
        }
        cases.add(GemmCase.of("two layers with a point of zero", F32, g -> {
            Arg.Ref first = g.call("_int_mm", g.rows(DType.U8, 17, 128), g.call("t", g.constant(DType.I8, 65, 128)));
            Arg.Ref weight = g.call("t", g.constant(DType.I8, 64, 65));
            return g.call("_int_mm", requantized(g, first, DType.U8), weight);
        }).against(g -> {
            Arg.Ref first = wide(g, DType.U8, 17, 65, 128);
            Arg.Ref weight = g.call("t", g.call("_to_copy", g.constant(DType.I8, 64, 65), F32));
            return g.call("_to_copy", g.call("mm", requantized(g, first, F32), weight), I32);
        }));
    }

    /** Exact: sums of so few bytes fit in f32. */
    private static Arg.Ref wide(GemmNet g, DType left, long m, long n, long k) {
        Arg.Ref x = g.call("_to_copy", g.rows(left, m, k), F32);
        return g.call("mm", x, g.call("t", g.call("_to_copy", g.constant(DType.I8, n, k), F32)));
    }

    private static Arg.Ref scaled(GemmNet g, Arg.Ref sums) {
        Arg.Ref tokens = g.call("mul.Tensor", sums, g.scales(F32, 17, 1));
        return g.call("add.Tensor", g.call("mul.Tensor", tokens, g.scales(F32, 64)), g.constant(F32, 64));
    }

    /** By powers of two, so that nothing but the rounding to whole numbers rounds. */
    private static Arg.Ref requantized(GemmNet g, Arg.Ref sums, DType to) {
        Arg.Ref small = g.call("mul.Scalar", g.call("_to_copy", sums, F32), 1.0 / 512);
        Arg.Ref whole = g.call("clamp", g.call("add.Scalar", g.call("round", g.call("relu", small)), 3.0), 0.0, 255.0);
        return g.call("_to_copy", whole, to);
    }

    private static void addScaled(List<GemmCase> cases) {
        for (boolean rows : new boolean[] {false, true}) {
            for (DType out : List.of(DType.BF16, F32)) {
                cases.add(GemmCase.of("8-bit floats scaled by " + (rows ? "row" : "tensor") + " to " + out, out, g -> {
                    Arg.Ref x = g.rows(DType.F8E4M3FN, 17, 64);
                    Arg.Ref w = g.call("t", g.constant(DType.F8E4M3FN, 48, 64));
                    return g.call("_scaled_mm", x, w, g.scales(F32, rows ? new long[] {17, 1} : new long[] {1}),
                        g.scales(F32, rows ? new long[] {1, 48} : new long[] {1}), null, null, out);
                }).against(g -> {
                    Arg.Ref x = g.call("_to_copy", g.rows(DType.F8E4M3FN, 17, 64), F32);
                    Arg.Ref w = g.call("t", g.call("_to_copy", g.constant(DType.F8E4M3FN, 48, 64), F32));
                    Arg.Ref left = g.call("mul.Tensor", g.call("mm", x, w),
                        g.scales(F32, rows ? new long[] {17, 1} : new long[] {1}));
                    return g.call("mul.Tensor", left, g.scales(F32, rows ? new long[] {1, 48} : new long[] {1}));
                }).fixed());
            }
        }
    }
}
