package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Matrix products and attention become template nodes. */
final class ContractionLowering {
    private ContractionLowering() {
    }

    static Value lower(CallLowering c) {
        return switch (c.op()) {
            case "aten.mm.default" -> mm(c);
            case "aten.bmm.default" -> bmm(c);
            case "aten.linear.default" -> linear(c);
            case "aten.scaled_dot_product_attention.default" -> attention(c);
            case ConvolutionSpec.NAME -> TemplateConvolution.lower(c).orElseGet(() -> ConvolutionLowering.lower(c));
            case LowPrecisionProducts.INT_MM, LowPrecisionProducts.MM_DTYPE, LowPrecisionProducts.INT8_WEIGHT,
                LowPrecisionProducts.INT4_WEIGHT -> LowPrecisionLowering.lower(c);
            default -> throw new IllegalStateException("no lowering of contraction " + c.op());
        };
    }

    private static Value mm(CallLowering c) {
        return product(c, c.realized(0), c.realized(1));
    }

    /** [M, K] times [K, N]; a constant right side is packed at compile time. */
    static Value product(CallLowering c, Value.Strided left, Value.Strided right) {
        return PackedProduct.lower(c, left, right).map(sums -> as(sums, left.dtype()))
            .orElseGet(() -> ViewLowering.reshape(c, batched(c, batchOfOne(left), batchOfOne(right)),
                List.of(left.sizes().getFirst(), right.sizes().getLast())));
    }

    static Value.Strided batchOfOne(Value.Strided matrix) {
        List<SymInt> sizes = new ArrayList<>(matrix.sizes());
        List<SymInt> strides = new ArrayList<>(matrix.strides());
        sizes.addFirst(SymInt.ONE);
        strides.addFirst(SymInt.ZERO);
        return matrix.view(sizes, strides, matrix.offset());
    }

    /** Operands that are batches of batches are read as they lie, and the other one is counted in the same way. */
    private static Value bmm(CallLowering c) {
        Optional<Value.Batches> left = batches(c.value(0));
        Optional<Value.Batches> right = batches(c.value(1));
        Optional<Value.Batches> any = left.or(() -> right);
        if (any.isEmpty()) {
            return batched(c, c.realized(0), c.realized(1));
        }
        List<SymInt> counts = any.get().whole().sizes().subList(0, 2);
        Value.Strided a = counted(c, 0, left, counts);
        Value.Strided b = counted(c, 1, right, counts);
        Buffer output = c.allocateResult(c.result().sizes());
        c.lowering().add(new LoopNode.BatchedMatmul(output, a.operand(), b.operand(), List.copyOf(c.origins())));
        return GraphLowering.whole(output);
    }

    private static Optional<Value.Batches> batches(Value value) {
        return value instanceof Value.Batches batches ? Optional.of(batches) : Optional.empty();
    }

    /** An operand as [outer, inner, rows, columns]. */
    private static Value.Strided counted(CallLowering c, int position, Optional<Value.Batches> batches, List<SymInt> counts) {
        if (batches.isPresent() && batches.get().whole().sizes().subList(0, 2).equals(counts)) {
            return batches.get().whole();
        }
        Value.Strided flat = c.realized(position);
        List<SymInt> sizes = new ArrayList<>(counts);
        sizes.addAll(flat.sizes().subList(1, 3));
        List<SymInt> strides = new ArrayList<>(flat.strides());
        strides.addFirst(flat.strides().getFirst().times(counts.get(1)));
        return flat.view(sizes, strides, flat.offset());
    }

    /** Half precisions are widened first: their sums are f32 in any case. */
    private static Value batched(CallLowering c, Value.Strided left, Value.Strided right) {
        DType sums = left.dtype().isReduced() ? DType.F32 : left.dtype();
        Buffer output = c.lowering().allocate(c.call().name(), sums,
            List.of(left.sizes().get(0), left.sizes().get(1), right.sizes().get(2)));
        c.lowering().add(new LoopNode.BatchedMatmul(output, c.realize(as(left, sums)).operand(),
            c.realize(as(right, sums)).operand(), List.copyOf(c.origins())));
        return as(GraphLowering.whole(output), left.dtype());
    }

    /** The same numbers in another dtype. */
    static Value as(Value value, DType dtype) {
        return value.dtype() == dtype ? value
            : new Value.Computed(dtype, value.sizes(), i -> value.load(i).cast(dtype));
    }

    /** x [.., K] times weight [N, K] transposed, plus bias; rows of x are flattened. */
    private static Value linear(CallLowering c) {
        Value input = c.value(0);
        Value.Strided weight = c.realized(1);
        List<SymInt> lead = input.sizes().subList(0, input.rank() - 1);
        SymInt features = input.sizes().getLast();
        Value.Strided rows = (Value.Strided) ViewLowering.reshape(c, c.realize(input),
            List.of(SymInt.product(lead), features));
        Value.Strided transposed = weight.view(weight.sizes().reversed(), weight.strides().reversed(), weight.offset());
        Value product = ViewLowering.reshape(c, product(c, rows, transposed), c.result().sizes());
        if (c.isNone(2)) {
            return product;
        }
        Value bias = c.value(2);
        return new Value.Computed(product.dtype(), product.sizes(),
            index -> Scalar.of(ScalarOp.ADD, product.load(index), bias.load(List.of(index.getLast()))));
    }

    private static Value attention(CallLowering c) {
        Value.Strided query = fourDims(c.realized(0));
        Value.Strided key = fourDims(c.realized(1));
        Value.Strided value = fourDims(c.realized(2));
        List<SymInt> out = List.of(query.sizes().get(0), query.sizes().get(2), query.sizes().get(1),
            value.sizes().get(3));
        Optional<Operand> mask = c.isNone(3) ? Optional.empty() : Optional.of(mask(c, query, key));
        Buffer output = c.allocateResult(out);
        double scale = c.isNone(6) ? 1 / Math.sqrt(query.sizes().get(3).asLong()) : c.args().real(6);
        c.lowering().add(new LoopNode.Attention(output, query.operand(), key.operand(), value.operand(), mask, scale,
            List.copyOf(c.origins())));
        List<SymInt> strides = GraphLowering.whole(output).strides();
        Value.Strided heads = GraphLowering.whole(output).view(
            List.of(out.get(0), out.get(2), out.get(1), out.get(3)),
            List.of(strides.get(0), strides.get(2), strides.get(1), strides.get(3)), SymInt.ZERO);
        return ViewLowering.reshape(c, heads, c.result().sizes());
    }

    /** The mask broadcast to [B, H, Sq, Sk]: stretched dimensions get stride 0. */
    private static Operand mask(CallLowering c, Value.Strided query, Value.Strided key) {
        Value.Strided mask = c.realized(3);
        List<SymInt> full = List.of(query.sizes().get(0), query.sizes().get(1), query.sizes().get(2),
            key.sizes().get(2));
        List<SymInt> strides = new ArrayList<>();
        for (int d = 0; d < 4; d++) {
            int own = d - (4 - mask.rank());
            boolean stretched = own < 0 || mask.sizes().get(own).is(1);
            strides.add(stretched ? SymInt.ZERO : mask.strides().get(own));
        }
        return new Operand(mask.buffer().name(), full, strides, mask.offset());
    }

    private static Value.Strided fourDims(Value.Strided value) {
        Value.Strided result = value;
        while (result.rank() < 4) {
            result = batchOfOne(result);
        }
        return result;
    }
}
