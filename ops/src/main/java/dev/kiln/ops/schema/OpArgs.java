package dev.kiln.ops.schema;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SizeConflict;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A call's complete arguments with typed access by position, and what they refer to. */
public record OpArgs(OpSchema schema, List<Arg> values, Function<Arg.Ref, FakeTensor> tensors, ShapeEnv shapes) {

    public int count() {
        return values.size();
    }

    public Arg arg(int index) {
        return values.get(index);
    }

    public boolean isNone(int index) {
        return values.get(index) instanceof Arg.None;
    }

    public FakeTensor tensor(int index) {
        return tensors.apply((Arg.Ref) values.get(index));
    }

    public Optional<FakeTensor> optionalTensor(int index) {
        return isNone(index) ? Optional.empty() : Optional.of(tensor(index));
    }

    public List<FakeTensor> tensorList(int index) {
        return ((Arg.Refs) values.get(index)).refs().stream().map(tensors).toList();
    }

    public SymInt size(int index) {
        return ((Arg.Int) values.get(index)).value();
    }

    public long integer(int index) {
        return shapes.specialize(size(index));
    }

    public long integer(int index, long ifNone) {
        return isNone(index) ? ifNone : integer(index);
    }

    public List<SymInt> sizes(int index) {
        return ((Arg.Ints) values.get(index)).values();
    }

    public int[] integers(int index) {
        return sizes(index).stream().mapToInt(s -> Math.toIntExact(shapes.specialize(s))).toArray();
    }

    public double real(int index) {
        return switch (values.get(index)) {
            case Arg.Real(double value) -> value;
            case Arg.Int(SymInt value) -> value.asLong();
            case Arg.Bool(boolean value) -> value ? 1 : 0;
            default -> throw new IllegalArgumentException(schema.name() + ": a number expected");
        };
    }

    public boolean bool(int index) {
        return ((Arg.Bool) values.get(index)).value();
    }

    public String string(int index) {
        return ((Arg.Str) values.get(index)).value();
    }

    public Optional<DType> dtype(int index) {
        return isNone(index) ? Optional.empty() : Optional.of(((Arg.Type) values.get(index)).value());
    }

    /** A dimension that may count from the end, as one that counts from the start. */
    public int dim(int index, int rank) {
        return wrapDim(integer(index), rank);
    }

    public int wrapDim(long dim, int rank) {
        int span = Math.max(rank, 1);
        if (dim < -span || dim >= span) {
            throw new KilnException.BadInput(schema.name() + ": dimension " + dim + " is out of range for rank " + rank);
        }
        return (int) (dim < 0 ? dim + span : dim);
    }

    public KilnException.BadInput error(String message) {
        return new KilnException.BadInput(schema.name() + ": " + message);
    }

    /** As {@link #error}, where other sizes might meet the condition. */
    public SizeConflict conflict(String message, Guard needed) {
        return new SizeConflict(schema.name() + ": " + message, needed);
    }
}
