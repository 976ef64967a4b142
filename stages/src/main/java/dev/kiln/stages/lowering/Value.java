package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.function.Function;

/** A tensor during lowering: either it lies in memory, or it is a formula that consumers take in. */
sealed interface Value {
    DType dtype();

    List<SymInt> sizes();

    /** The element at an index. */
    Scalar load(List<SymInt> index);

    record Strided(Buffer buffer, List<SymInt> sizes, List<SymInt> strides, SymInt offset) implements Value {
        @Override
        public DType dtype() {
            return buffer.dtype();
        }

        @Override
        public Scalar load(List<SymInt> index) {
            return new Scalar.Load(buffer.name(), offset.plus(LoopVars.offset(index, strides)), dtype());
        }

        Operand operand() {
            return new Operand(buffer.name(), sizes, strides, offset);
        }

        Strided view(List<SymInt> newSizes, List<SymInt> newStrides, SymInt newOffset) {
            return new Strided(buffer, newSizes, newStrides, newOffset);
        }
    }

    record Computed(DType dtype, List<SymInt> sizes, Function<List<SymInt>, Scalar> loader) implements Value {
        @Override
        public Scalar load(List<SymInt> index) {
            return loader.apply(index);
        }
    }

    /**
     * Matrices that lie in memory as batches of batches, counted through: what products of many matrices read as it is.
     *
     * @param whole [outer, inner, rows, columns]
     * @param sizes [outer * inner, rows, columns]
     */
    record Batches(Strided whole, List<SymInt> sizes) implements Value {
        @Override
        public DType dtype() {
            return whole.dtype();
        }

        @Override
        public Scalar load(List<SymInt> index) {
            SymInt inner = whole.sizes().get(1);
            return whole.load(List.of(index.get(0).floorDiv(inner), index.get(0).mod(inner), index.get(1), index.get(2)));
        }
    }

    default int rank() {
        return sizes().size();
    }
}
