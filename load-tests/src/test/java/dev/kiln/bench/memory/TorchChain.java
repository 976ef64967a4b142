package dev.kiln.bench.memory;

import static org.bytedeco.pytorch.global.torch.compile;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A chain in libtorch, on the same inputs. */
final class TorchChain {

    private final CompilationUnit unit;
    private final Function function;
    private final List<IValue> inputs;
    private final ConstantValue result;

    /** @param output of the result's dtype and sizes; memory that libtorch writes to, so that it need not allocate any */
    TorchChain(MemoryChain chain, List<ConstantValue> values, ConstantValue output) {
        String parameters = IntStream.range(0, values.size()).mapToObj(i -> "x" + i + ": Tensor")
            .collect(Collectors.joining(", "));
        unit = compile("def f(" + parameters + ", y: Tensor):\n    return " + chain.script() + "\n");
        function = unit.get_functions().get(0);
        inputs = Stream.concat(values.stream(), Stream.of(output)).map(v -> new IValue(tensor(v))).toList();
        result = output;
    }

    static void threads(int threads) {
        set_num_threads(threads);
    }

    /** A view of foreign memory. */
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }

    private static Tensor tensor(ConstantValue value) {
        long[] sizes = value.sizes().stream().mapToLong(Long::longValue).toArray();
        return from_blob(new Address(value.data().address()), sizes, new TensorOptions(value.dtype() == DType.I64 ? ScalarType.Long : ScalarType.Float));
    }

    private IValue apply() {
        IValueVector stack = new IValueVector();
        inputs.forEach(stack::push_back);
        return function.apply(stack);
    }

    void run() {
        try (PointerScope scope = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            apply();
        }
    }

    /** The largest difference from another result, relative to the largest value. */
    double difference(ConstantValue other) {
        run();
        double worst = 0;
        double largest = 1e-30;
        for (long i = 0; i < result.numel(); i++) {
            worst = Math.max(worst, Math.abs(result.doubleAt(i) - other.doubleAt(i)));
            largest = Math.max(largest, Math.abs(result.doubleAt(i)));
        }
        return worst / largest;
    }

    CompilationUnit unit() {
        return unit;
    }
}
