package dev.kiln.stages.oracle;

import static org.bytedeco.pytorch.global.torch.compile;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Runs any ATen overload by name in libtorch, as a TorchScript function of the call's tensors. */
public final class TorchOracle {
    private static final Map<DType, ScalarType> TYPES = Map.ofEntries(
        Map.entry(DType.BOOL, ScalarType.Bool), Map.entry(DType.U8, ScalarType.Byte),
        Map.entry(DType.I8, ScalarType.Char), Map.entry(DType.I16, ScalarType.Short),
        Map.entry(DType.I32, ScalarType.Int), Map.entry(DType.I64, ScalarType.Long),
        Map.entry(DType.F16, ScalarType.Half), Map.entry(DType.BF16, ScalarType.BFloat16),
        Map.entry(DType.F32, ScalarType.Float), Map.entry(DType.F64, ScalarType.Double),
        Map.entry(DType.C64, ScalarType.ComplexFloat), Map.entry(DType.C128, ScalarType.ComplexDouble),
        Map.entry(DType.F8E4M3FN, ScalarType.Float8_e4m3fn), Map.entry(DType.F8E5M2, ScalarType.Float8_e5m2));

    private static final int MAX_COMPILED = 4000;
    private static final Map<String, Script> COMPILED = new HashMap<>();

    static {
        set_num_threads(1);
    }

    private TorchOracle() {
    }

    /** libtorch does not take the call; the message is its own. */
    public static final class Rejected extends RuntimeException {
        private static final long serialVersionUID = 1;

        Rejected(String message) {
            super(message);
        }

        /** Whether other sizes and layouts of the same dtypes would be rejected too. */
        boolean concernsDTypes() {
            return getMessage().contains("not implemented for") || getMessage().contains("not supported");
        }
    }

    /**
     * @param args complete arguments in schema order, without symbols
     * @param tensors what the references stand for
     * @return one tensor an output
     */
    public static synchronized List<ConstantValue> run(OpOverload op, List<Arg> args,
            Map<Arg.Ref, ConstantValue> tensors) {
        return run(op, args, (function, refs) -> run(function, refs.stream().map(tensors::get).toList()));
    }

    /**
     * @param execution from the function and the references that it takes tensors for
     * @throws Rejected if anything of it fails
     */
    static synchronized <T> T run(OpOverload op, List<Arg> args, BiFunction<Function, List<Arg.Ref>, T> execution) {
        if (COMPILED.size() > MAX_COMPILED) {
            COMPILED.values().forEach(Script::close);
            COMPILED.clear();
        }
        Map<Arg.Ref, String> names = new LinkedHashMap<>();
        args.forEach(a -> a.references().forEach(r -> names.computeIfAbsent(r, x -> "t" + names.size())));
        String text = source(op, args, names);
        try {
            return execution.apply(COMPILED.computeIfAbsent(text, TorchOracle::compiled).function(),
                List.copyOf(names.keySet()));
        } catch (RuntimeException e) {
            throw new Rejected(text.strip() + ": " + reason(String.valueOf(e.getMessage())));
        }
    }

    /** The line that names the error, without libtorch's stack. */
    private static String reason(String message) {
        return message.lines().filter(l -> l.contains("Error: ")).findFirst()
            .orElseGet(() -> message.lines().limit(8).collect(Collectors.joining(" ")));
    }

    private static List<ConstantValue> run(Function function, List<ConstantValue> inputs) {
        try (PointerScope scope = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            IValueVector stack = new IValueVector();
            inputs.forEach(input -> stack.push_back(new IValue(tensor(input))));
            return results(function.apply(stack));
        }
    }

    /** A function and the unit that owns it, made outside every scope so that they stay. */
    private record Script(CompilationUnit unit, Function function) {
        void close() {
            function.close();
            unit.close();
        }
    }

    private static Script compiled(String text) {
        CompilationUnit unit = compile(text);
        return new Script(unit, unit.get_functions().get(0));
    }

    private static String source(OpOverload op, List<Arg> args, Map<Arg.Ref, String> names) {
        String parameters = names.values().stream().map(n -> n
            + ": Tensor").collect(Collectors.joining(", "));
        if (op.name().equals("aten.mm.dtype")) { // of GPUs only
            return "def f(" + parameters + "):\n    return torch.mm(t0.to(6), t1.to(6))\n";
        }
        return "def f(" + parameters + "):\n    return " + expression(op, args, names) + "\n";
    }

    /** A call as TorchScript, with names for its tensors. */
    static String expression(OpOverload op, List<Arg> args, Map<Arg.Ref, String> names) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < args.size(); i++) {
            OpSchema.Parameter parameter = op.schema().parameters().get(i);
            if (parameter.defaultValue().isEmpty() || !parameter.defaultValue().get().equals(args.get(i))) {
                values.add(parameter.name() + "=" + literal(args.get(i), names));
            }
        }
        return "torch." + op.packet() + "(" + String.join(", ", values) + ")";
    }

    private static String literal(Arg arg, Map<Arg.Ref, String> names) {
        return switch (arg) {
            case Arg.Ref ref -> ref.equals(Arg.ABSENT) ? "None" : names.get(ref);
            case Arg.Refs(List<Arg.Ref> refs) -> list(refs.stream().map(r -> literal(r, names)).toList());
            case Arg.Int(var value) -> value.toString();
            case Arg.Ints(var values) -> list(values.stream().map(Object::toString).toList());
            case Arg.Real(double value) -> real(value);
            case Arg.Reals(List<Double> values) -> list(values.stream().map(TorchOracle::real).toList());
            case Arg.Bool(boolean value) -> value ? "True" : "False";
            case Arg.Bools(List<Boolean> values) ->
                list(values.stream().map(v -> v ? "True" : "False").toList());
            case Arg.Str(String value) -> "\"" + value + "\"";
            case Arg.Type(DType value) -> Integer.toString(TYPES.get(value).value);
            case Arg.None ignored -> "None";
        };
    }

    private static String list(List<String> items) {
        return "[" + String.join(", ", items) + "]";
    }

    private static String real(double value) {
        return Double.isFinite(value) ? Double.toString(value).toLowerCase(Locale.ROOT)
            : "float(\"" + (Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf") + "\")";
    }

    /** A view of foreign memory. */
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }

    static Tensor tensor(ConstantValue value) {
        long[] sizes = value.sizes().stream().mapToLong(Long::longValue).toArray();
        TensorOptions options = new TensorOptions(TYPES.get(value.dtype()));
        return from_blob(new Address(value.data().address()), sizes, options).clone();
    }

    private static List<ConstantValue> results(IValue value) {
        return value.isDouble() || value.isInt() || value.isBool() ? List.of(number(value))
            : tensors(value).stream().map(TorchOracle::constant).toList();
    }

    /** Of a tensor, a tuple or a list. */
    static List<Tensor> tensors(IValue value) {
        List<Tensor> results = new ArrayList<>();
        if (value.isTensor()) {
            results.add(value.toTensor());
        } else if (value.isTuple()) {
            var elements = value.toTuple().elements();
            for (long i = 0; i < elements.size(); i++) {
                results.add(elements.get(i).toTensor());
            }
        } else {
            GenericList list = value.toList();
            for (long i = 0; i < list.size(); i++) {
                results.add(list.get(i).toTensor());
            }
        }
        return results;
    }

    private static ConstantValue number(IValue value) {
        DType dtype = value.isDouble() ? DType.F64 : value.isInt() ? DType.I64 : DType.BOOL;
        ConstantValue number = ConstantValue.allocate(dtype, List.of());
        if (value.isDouble()) {
            number.set(0, value.toDouble());
        } else {
            number.set(0, value.isInt() ? value.toInt() : value.toBool() ? 1 : 0);
        }
        return number;
    }

    static ConstantValue constant(Tensor tensor) {
        Tensor dense = tensor.resolve_conj().contiguous();
        DType dtype = TYPES.entrySet().stream().filter(e -> e.getValue().value == dense.scalar_type().value)
            .map(Map.Entry::getKey).findFirst().orElseThrow();
        List<Long> sizes = new ArrayList<>();
        for (long d = 0; d < dense.dim(); d++) {
            sizes.add(dense.size(d));
        }
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        long bytes = value.data().byteSize();
        if (bytes > 0) {
            value.data().copyFrom(MemorySegment.ofAddress(dense.data_ptr().address()).reinterpret(bytes));
        }
        return value;
    }
}
