package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Matrix products and attention. */
final class ContractionOps {
    private ContractionOps() {
    }

    static void register(Registry r) {
        r.op("mm.default(Tensor self, Tensor mat2) -> Tensor", OpKind.CONTRACTION, ShapeFunction.single(a -> {
            rank(a, 0, 2);
            rank(a, 1, 2);
            return product(a, a.tensor(0), a.tensor(1));
        }));
        r.op("addmm.default(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1)"
            + " -> Tensor",
            OpKind.COMPOSITE, ShapeFunction.single(a -> {
                rank(a, 1, 2);
                rank(a, 2, 2);
                return product(a, a.tensor(1), a.tensor(2));
            }));
        r.op("bmm.default(Tensor self, Tensor mat2) -> Tensor", OpKind.CONTRACTION,
            ShapeFunction.single(a -> {
            rank(a, 0, 3);
            rank(a, 1, 3);
            a.shapes().require(a.tensor(0).size(0), a.tensor(1).size(0), "aten.bmm, batch");
            return product(a, a.tensor(0), a.tensor(1));
        }));
        r.op("matmul.default(Tensor self, Tensor other) -> Tensor", OpKind.COMPOSITE,
            ShapeFunction.single(ContractionOps::matmul));
        r.op("linear.default(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", OpKind.CONTRACTION,
            ShapeFunction.single(ContractionOps::linear));
        r.op("scaled_dot_product_attention.default(Tensor query, Tensor key, Tensor value, "
            + "Tensor? attn_mask=None, "
            + "float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False)"
            + " -> Tensor",
            OpKind.CONTRACTION, ShapeFunction.single(ContractionOps::attention));
    }

    private static void rank(OpArgs a, int position, int rank) {
        if (a.tensor(position).rank() != rank) {
            throw a.error("argument " + (position + 1) + " must have rank " + rank + ", got "
                + a.tensor(position));
        }
    }

    private static FakeTensor product(OpArgs a, FakeTensor left, FakeTensor right) {
        int n = left.rank();
        dtypes(a, left, right);
        a.shapes().require(left.size(n - 1), right.size(n - 2), a.schema().name() + ", inner dimension");
        List<SymInt> sizes = new ArrayList<>(left.sizes());
        sizes.set(n - 1, right.size(n - 1));
        return left.fresh(sizes);
    }

    private static void dtypes(OpArgs a, FakeTensor left, FakeTensor right) {
        if (left.dtype() != right.dtype() || left.dtype() == DType.BOOL) {
            throw a.error("dtypes " + left.dtype() + " and " + right.dtype()
                + " cannot be multiplied as matrices");
        }
    }

    private static FakeTensor matmul(OpArgs a) {
        FakeTensor left = a.tensor(0);
        FakeTensor right = a.tensor(1);
        dtypes(a, left, right);
        if (left.rank() == 0 || right.rank() == 0) {
            throw a.error("both arguments must have at least one dimension");
        }
        List<SymInt> l = left.rank() == 1 ? List.of(SymInt.ONE, left.size(0)) : left.sizes();
        List<SymInt> r = right.rank() == 1 ? List.of(right.size(0), SymInt.ONE) : right.sizes();
        a.shapes().require(l.getLast(), r.get(r.size() - 2), "aten.matmul, inner dimension");
        List<SymInt> sizes = new ArrayList<>(Broadcast.sizes(a.shapes(), "aten.matmul",
            List.of(l.subList(0, l.size() - 2), r.subList(0, r.size() - 2))));
        if (left.rank() > 1) {
            sizes.add(l.get(l.size() - 2));
        }
        if (right.rank() > 1) {
            sizes.add(r.getLast());
        }
        return left.fresh(sizes);
    }

    private static FakeTensor linear(OpArgs a) {
        FakeTensor input = a.tensor(0);
        FakeTensor weight = a.tensor(1);
        dtypes(a, input, weight);
        rank(a, 1, 2);
        if (input.rank() == 0) {
            throw a.error("an input with features expected, got " + input);
        }
        a.shapes().require(input.sizes().getLast(), weight.size(1), "aten.linear, features");
        List<SymInt> sizes = new ArrayList<>(input.sizes());
        sizes.set(sizes.size() - 1, weight.size(0));
        a.optionalTensor(2).ifPresent(bias -> {
            dtypes(a, input, bias);
            if (bias.rank() != 1) {
                throw a.error("the bias must be a vector, got " + bias);
            }
            a.shapes().require(bias.size(0), weight.size(0), "aten.linear, bias");
        });
        return input.fresh(sizes);
    }

    private static FakeTensor attention(OpArgs a) {
        FakeTensor query = a.tensor(0);
        FakeTensor key = a.tensor(1);
        FakeTensor value = a.tensor(2);
        int n = query.rank();
        if (n < 2 || key.rank() != n || value.rank() != n) {
            throw a.error("query, key and value must have the same rank of at least 2");
        }
        a.shapes().require(query.size(n - 1), key.size(n - 1), a.schema().name() + ", head dimension");
        a.shapes().require(key.size(n - 2), value.size(n - 2), a.schema().name() + ", key length");
        List<SymInt> sizes = new ArrayList<>(attentionBatch(a, query.sizes(), key.sizes(), value.sizes()));
        sizes.add(query.size(n - 2));
        a.optionalTensor(3).ifPresent(mask -> {
            List<SymInt> scores = new ArrayList<>(sizes);
            scores.add(key.size(n - 2));
            if (!Broadcast.sizes(a.shapes(), a.schema().name(),
                List.of(mask.sizes(), scores)).equals(scores)) {
                throw a.error("the mask " + mask.sizes() + " does not fit the scores " + scores);
            }
        });
        sizes.add(value.size(n - 1));
        return query.fresh(sizes);
    }

    /** The batch sizes of all three; with grouped queries the key's heads divide the query's. */
    private static List<SymInt> attentionBatch(OpArgs a, List<SymInt> query, List<SymInt> key,
        List<SymInt> value) {
        int outer = query.size() - 2;
        int common = a.bool(7) ? outer - 1 : outer;
        if (common < 0) {
            throw a.error("grouped queries need a head dimension");
        }
        List<SymInt> batch = new ArrayList<>(Broadcast.sizes(a.shapes(), a.schema().name(),
            List.of(query.subList(0, common), key.subList(0, common), value.subList(0, common))));
        if (a.bool(7)) {
            SymInt heads = query.get(common);
            a.shapes().require(key.get(common), value.get(common), a.schema().name()
                + ", key and value heads");
            if (!heads.mod(key.get(common)).is(0)) {
                throw a.error(heads + " query heads cannot share " + key.get(common) + " key heads");
            }
            batch.add(heads);
        }
        return batch;
    }
}
