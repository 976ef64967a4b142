package dev.kiln.ops.schema;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarFormula;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * An operator overload by PyTorch's own name ({@code aten.add.Tensor}): schema, kind, shape function, and for an
 * elementwise op the scalar formula that the interpreter runs and the compiler lowers.
 */
public record OpOverload(OpSchema schema, OpKind kind, ShapeFunction shape, Optional<ScalarFormula> formula) {

    public String name() {
        return schema.name();
    }

    /** The name without namespace and overload: {@code add} of {@code aten.add.Tensor}. */
    public String packet() {
        return packet(name());
    }

    /** As {@link #packet()}, of an overload's full name. */
    public static String packet(String overload) {
        int start = overload.indexOf('.') + 1;
        return overload.substring(start, overload.indexOf('.', start));
    }

    public List<FakeTensor> infer(Function<Arg.Ref, FakeTensor> tensors, ShapeEnv shapes, List<Arg> args) {
        return shapes.asking(name(), () -> outputs(new OpArgs(schema, args, tensors, shapes)));
    }

    /** @throws dev.kiln.ops.KilnException.Unsupported if an argument is complex and the op does not take that */
    public List<FakeTensor> outputs(OpArgs args) {
        return ComplexNumbers.outputs(this, args).orElseGet(() -> shape.infer(args));
    }

    /**
     * What an elementwise call computes for one element, in the dtype of its output.
     *
     * @param operand gives the element of the tensor argument at a position
     */
    public Scalar scalar(OpArgs args, IntFunction<Scalar> operand) {
        List<Scalar> operands = new ArrayList<>();
        for (int i = 0; i < args.count(); i++) {
            operands.add(switch (args.arg(i)) {
                case Arg.Ref ignored -> operand.apply(i);
                case Arg.Int(SymInt value) when value.isConstant() -> Scalar.literal(value.asLong(), DType.I64);
                case Arg.Int(SymInt value) -> new Scalar.Index(value);
                case Arg.Real(double value) -> Scalar.literal(value, DType.F64);
                case Arg.Bool(boolean value) -> Scalar.literal(value ? 1 : 0, DType.BOOL);
                default -> null;
            });
        }
        DType result = shape.infer(args).getFirst().dtype();
        return formula.orElseThrow().apply(args, operands).cast(result);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OpOverload that && name().equals(that.name());
    }

    @Override
    public int hashCode() {
        return name().hashCode();
    }

    @Override
    public String toString() {
        return name();
    }
}
