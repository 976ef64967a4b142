package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import java.util.function.Supplier;

/** What a name of the model stands for while it is imported. */
sealed interface Value {

    /** A tensor of the graph. */
    record Tensor(Arg.Ref ref) implements Value {
    }

    /**
     * Few integers that are known, though perhaps symbolic; a node of the graph only once a tensor op reads
     * them.
     */
    record Known(KnownInts ints) implements Value {
    }

    /** Several values in order. */
    record Sequence(List<Value> values) implements Value {
        public Sequence {
            values = List.copyOf(values);
        }

        static KilnException.Unsupported asTensor() {
            return new KilnException.Unsupported("a sequence where a tensor is expected is not supported");
        }
    }

    /** A weight or literal: loaded when somebody looks at it. */
    final class Literal implements Value {
        private final Supplier<ConstantValue> source;
        private final boolean fourBits;
        private ConstantValue loaded;

        Literal(Supplier<ConstantValue> source) {
            this(source, false);
        }

        /** @param fourBits whether its numbers have 4 bits in the model, though 8 here */
        Literal(Supplier<ConstantValue> source, boolean fourBits) {
            this.source = source;
            this.fourBits = fourBits;
        }

        boolean isFourBits() {
            return fourBits;
        }

        ConstantValue value() {
            if (loaded == null) {
                loaded = source.get();
            }
            return loaded;
        }
    }
}
