package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/** Writes scalar expressions as C statements, one temporary a node; equal expressions are written once. */
final class ScalarWriter {
    private final StringBuilder out;
    private final String indent;
    private final KernelNames names;
    private final Function<Scalar.Load, String> loads;
    private final Predicate<Scalar> notPositive;
    private final Map<Scalar, String> written = new HashMap<>();

    /** @param loads gives the C expression of a load */
    ScalarWriter(StringBuilder out, String indent, KernelNames names, Function<Scalar.Load, String> loads) {
        this(out, indent, names, loads, value -> false);
    }

    /** @param notPositive tells values that are known to be at most zero, whose exponentials cost less */
    ScalarWriter(StringBuilder out, String indent, KernelNames names, Function<Scalar.Load, String> loads,
            Predicate<Scalar> notPositive) {
        this.out = out;
        this.indent = indent;
        this.names = names;
        this.loads = loads;
        this.notPositive = notPositive;
    }

    /** From now on the value has that name. */
    void know(Scalar scalar, String name) {
        written.put(scalar, name);
    }

    /** Writes what is needed and returns the name (or literal) of the value. */
    String write(Scalar scalar) {
        String known = written.get(scalar);
        if (known == null) {
            known = expression(scalar);
            written.put(scalar, known);
        }
        return known;
    }

    private String expression(Scalar scalar) {
        return switch (scalar) {
            case Scalar.Literal literal -> CLiterals.print(literal);
            case Scalar.Index(SymInt value) -> "(int64_t)(" + names.index().print(value) + ")";
            case Scalar.Load load -> temporary(load.dtype(), loads.apply(load));
            case Scalar.Gather gather -> gather(gather);
            case Scalar.Apply apply -> apply(apply);
            case Scalar.Operand operand -> throw new IllegalStateException("operand " + operand + " in loop IR");
        };
    }

    private String apply(Scalar.Apply apply) {
        List<String> args = new ArrayList<>();
        apply.args().forEach(a -> args.add(write(a)));
        DType type = apply.args().getFirst().dtype();
        if (apply.op() == ScalarOp.EXP && CTypes.arithmetic(type) == DType.F32
                && notPositive.test(apply.args().getFirst())) {
            return temporary(apply.dtype(), "kiln_exp_nonpositivef(" + args.getFirst() + ")");
        }
        String value = Clamped.isCastByInt(apply) ? Clamped.castByInt(apply.dtype(), args.getFirst())
            : COperators.print(apply.op(), args, type, apply.dtype());
        return temporary(apply.dtype(), value);
    }

    private String gather(Scalar.Gather gather) {
        Map<String, SymInt> places = new HashMap<>();
        for (int i = 0; i < gather.indirect().size(); i++) {
            String value = write(gather.indirect().get(i));
            String place = names.fresh("at");
            out.append(indent).append("const int64_t ").append(place).append(" = ").append(value).append(";\n");
            places.put("_" + i, SymInt.symbol(place));
        }
        return temporary(gather.dtype(), element(names.pointer(gather.buffer()),
            names.index().print(gather.index().substitute(places)), gather.dtype()));
    }

    static String element(String pointer, String index, DType dtype) {
        return CTypes.loaded(pointer + "[" + index + "]", dtype);
    }

    private String temporary(DType dtype, String expression) {
        String name = names.fresh("t");
        out.append(indent).append("const ").append(CTypes.computed(dtype)).append(' ').append(name).append(" = ")
            .append(expression).append(";\n");
        return name;
    }
}
