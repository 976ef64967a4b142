package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Counts of n-grams. The pools of all lengths lie one after the other in one attribute. */
final class TextImports {
    private TextImports() {
    }

    static void register(Registry r) {
        r.tensor("TfIdfVectorizer", TextImports::vectorize);
    }

    private static Arg.Ref vectorize(NodeImport n) {
        if (n.attributes().has("pool_strings")) {
            throw new KilnException.Unsupported("n-grams of strings are not supported");
        }
        long[] pool = n.attributes().requireIntegers("pool_int64s");
        long[] starts = n.attributes().requireIntegers("ngram_counts");
        long[] columns = n.attributes().requireIntegers("ngram_indexes");
        int least = (int) n.attributes().requireInteger("min_gram_length");
        int most = (int) n.attributes().requireInteger("max_gram_length");
        Arg.Ref x = n.rank(n.tensor(0)) == 2 ? n.tensor(0) : n.call("aten.unsqueeze.default", n.tensor(0), 0);
        List<Arg.Ref> counts = new ArrayList<>();
        for (int length = 1; length <= starts.length; length++) {
            long end = length < starts.length ? starts[length] : pool.length;
            long[] grams = Arrays.copyOfRange(pool, (int) starts[length - 1], (int) end);
            if (grams.length > 0) {
                counts.add(length < least || length > most ? none(n, x, grams.length / length)
                    : counted(n, x, grams, length));
            }
        }
        Arg.Ref all = counts.size() == 1 ? counts.getFirst() : n.call("aten.cat.default", counts, 1);
        Arg.Ref placed = placed(n, weighted(n, n.cast(all, DType.F32)), columns);
        return n.rank(n.tensor(0)) == 2 ? placed : n.call("aten.select.int", placed, 0, 0);
    }

    private static Arg.Ref none(NodeImport n, Arg.Ref x, long grams) {
        return n.call("aten.full.default", List.of(n.type(x).size(0), SymInt.of(grams)), 0, DType.I64);
    }

    /** How often each n-gram stands in each row, with every distance between its items that is allowed. */
    private static Arg.Ref counted(NodeImport n, Arg.Ref x, long[] grams, int length) {
        long skips = length == 1 ? 0 : n.attributes().integer("max_skip_count", 0);
        long items = n.shapes().specialize(n.type(x).size(1));
        long rows = grams.length / length;
        Arg.Ref total = none(n, x, rows);
        for (long skip = 0; skip <= skips; skip++) {
            long windows = items - (length - 1) * (skip + 1);
            Arg.Ref found = null;
            for (int i = 0; windows > 0 && i < length; i++) {
                long from = i * (skip + 1);
                Arg.Ref item = n.call("aten.unsqueeze.default",
                    n.call("aten.slice.Tensor", x, 1, from, from + windows), 2);
                Arg.Ref equal = n.call("aten.eq.Tensor", item, n.cast(column(n, grams, length, i), n.dtype(x)));
                found = found == null ? equal : n.call("aten.logical_and.default", found, equal);
            }
            total = found == null ? total : n.call("aten.add.Tensor", total,
                n.call("aten.sum.dim_IntList", found, new long[] {1}, false, DType.I64));
        }
        return total;
    }

    private static Arg.Ref column(NodeImport n, long[] grams, int length, int at) {
        long[] column = new long[grams.length / length];
        for (int i = 0; i < column.length; i++) {
            column[i] = grams[i * length + at];
        }
        return n.constant("grams", ConstantValue.longs(List.of((long) column.length), column));
    }

    private static Arg.Ref weighted(NodeImport n, Arg.Ref counts) {
        String mode = n.attributes().string("mode", "TF");
        Arg.Ref one = n.cast(n.call("aten.gt.Scalar", counts, 0), DType.F32);
        Arg.Ref base = switch (mode) {
            case "TF", "TFIDF" -> counts;
            case "IDF" -> one;
            default -> throw new KilnException.BadInput("mode '" + mode + "' is none of TF, IDF, TFIDF");
        };
        List<Float> weights = n.attributes().reals("weights").orElse(List.of());
        if (mode.equals("TF") || weights.isEmpty()) {
            return base;
        }
        ConstantValue factors = ConstantValue.allocate(DType.F32, List.of((long) weights.size()));
        for (int i = 0; i < weights.size(); i++) {
            factors.set(i, weights.get(i));
        }
        return n.call("aten.mul.Tensor", base, n.constant("weights", factors));
    }

    /** The count of each n-gram to its column of the result; the other columns are zero. */
    private static Arg.Ref placed(NodeImport n, Arg.Ref counts, long[] columns) {
        int width = (int) Arrays.stream(columns).max().orElse(-1) + 1;
        long[] sources = new long[width];
        Arrays.fill(sources, columns.length);
        for (int i = 0; i < columns.length; i++) {
            sources[(int) columns[i]] = i;
        }
        Arg.Ref padded = n.call("aten.constant_pad_nd.default", counts, new long[] {0, 1}, 0.0);
        return n.call("aten.index_select.default", padded, 1,
            n.constant("columns", ConstantValue.longs(List.of((long) width), sources)));
    }
}
