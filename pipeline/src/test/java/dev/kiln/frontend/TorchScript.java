package dev.kiln.frontend;

import static org.bytedeco.pytorch.global.torch.compile;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Runs a TorchScript function in libtorch, eagerly. */
final class TorchScript {
    private static final Map<DType, ScalarType> TYPES = Map.of(DType.BOOL, ScalarType.Bool, DType.I64, ScalarType.Long,
        DType.I32, ScalarType.Int, DType.F32, ScalarType.Float, DType.F64, ScalarType.Double, DType.C64,
        ScalarType.ComplexFloat);

    static {
        set_num_threads(1);
    }

    private TorchScript() {
    }

    /** A view of foreign memory. */
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }

    /**
     * @param text a function that gives a list of tensors
     * @param inputs copies of which it gets
     */
    @SuppressWarnings("try")
    static synchronized List<Tensor> run(String text, List<Tensor> inputs) {
        try (PointerScope scope = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            CompilationUnit unit = compile(text);
            IValueVector stack = new IValueVector();
            inputs.forEach(i -> stack.push_back(new IValue(torch(i))));
            GenericList results = unit.get_functions().get(0).apply(stack).toList();
            List<Tensor> values = new ArrayList<>();
            for (long i = 0; i < results.size(); i++) {
                values.add(tensor(results.get(i).toTensor().contiguous()));
            }
            return values;
        }
    }

    static int number(DType dtype) {
        return TYPES.get(dtype).value;
    }

    private static org.bytedeco.pytorch.Tensor torch(Tensor tensor) {
        return from_blob(new Address(tensor.contiguous().data().address()), tensor.shape(),
            new TensorOptions(TYPES.get(tensor.dtype()))).clone();
    }

    private static Tensor tensor(org.bytedeco.pytorch.Tensor dense) {
        DType dtype = TYPES.entrySet().stream().filter(e -> e.getValue().value == dense.scalar_type().value)
            .map(Map.Entry::getKey).findFirst().orElseThrow();
        long[] sizes = new long[(int) dense.dim()];
        for (int d = 0; d < sizes.length; d++) {
            sizes[d] = dense.size(d);
        }
        Tensor result = Tensor.allocate(dtype, sizes);
        long bytes = result.numel() * dtype.bytes();
        if (bytes > 0) {
            MemorySegment.copy(MemorySegment.ofAddress(dense.data_ptr().address()).reinterpret(bytes), 0, result.data(), 0,
                bytes);
        }
        return result;
    }
}
