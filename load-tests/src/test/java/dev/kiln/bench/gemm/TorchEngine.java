package dev.kiln.bench.gemm;

import static org.bytedeco.pytorch.global.torch.from_blob;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * libtorch. The loop over the calls is TorchScript's, so that a call costs what libtorch's dispatch costs and nothing of
 * Java's; weights are prepared before. It is no counted loop: those are unrolled, and calls whose result is not used
 * are left out.
 */
final class TorchEngine implements Engine {
    private final Problem.Peer.Torch peer;
    private final TorchModule loop;
    private final List<IValue> arguments = new ArrayList<>();
    private final Problem.Data data;

    TorchEngine(Problem problem, Problem.Peer.Torch peer, Problem.Data data) {
        this.peer = peer;
        this.data = data;
        int rest = data.rest().size();
        String constants = String.join("", IntStream.range(0, rest).mapToObj(i -> ", c" + i + ": Tensor").toList());
        loop = new TorchModule("x: Tensor, ws: List[Tensor]" + constants + ", n: int) -> Tensor",
            "y = x\ni = 0\nwhile i < n:\n  w = ws[torch.remainder(i, torch.len(ws))]\n  z = " + peer.call()
                + "\n  y = z\n  i = torch.add(i, 1)\nreturn y");
        arguments.add(new TorchModule("x: Tensor) -> Tensor", "return " + peer.input())
            .apply(List.of(new IValue(tensor(data.x())))));
        arguments.add(new TorchModule("w: Tensor, m: int, copies: int) -> List[Tensor]",
            "out = annotate(List[Tensor], [])\nfor i in range(copies):\n  _0 = torch.append(out, " + peer.prepared()
                + ")\nreturn out").apply(List.of(new IValue(tensor(data.weight())), new IValue(data.x().sizes().getFirst()),
                    new IValue((long) problem.copies()))));
        data.rest().forEach(c -> arguments.add(new IValue(tensor(c).clone())));
    }

    /** Of libtorch, and of the BLAS that it calls for f32, which has threads of its own. */
    static void threads(int threads) {
        torch.set_num_threads(threads);
        openblas.blas_set_num_threads(threads);
    }

    @Override
    public String label() {
        return peer.label();
    }

    @Override
    public void run(int calls) {
        loop.run(arguments, calls);
    }

    @Override
    public ConstantValue result() {
        List<IValue> once = new ArrayList<>(arguments);
        once.add(new IValue(1L));
        Tensor y = loop.apply(once).toTensor().contiguous();
        List<Long> sizes = IntStream.range(0, (int) y.dim()).mapToObj(y::size).toList();
        ConstantValue value = ConstantValue.allocate(dtype(y.scalar_type()), sizes);
        long bytes = value.data().byteSize();
        value.data().copyFrom(MemorySegment.ofAddress(y.data_ptr().address()).reinterpret(bytes));
        return value;
    }

    /** A view of foreign memory. */
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }

    private static Tensor tensor(ConstantValue value) {
        long[] sizes = value.sizes().stream().mapToLong(Long::longValue).toArray();
        return from_blob(new Address(value.data().address()), sizes, new TensorOptions(type(value.dtype())));
    }

    private static ScalarType type(DType dtype) {
        return switch (dtype) {
            case F32 -> ScalarType.Float;
            case BF16 -> ScalarType.BFloat16;
            case F16 -> ScalarType.Half;
            case I8 -> ScalarType.Char;
            case U8 -> ScalarType.Byte;
            case I32 -> ScalarType.Int;
            case F8E4M3FN -> ScalarType.Float8_e4m3fn;
            default -> throw new IllegalArgumentException("no benchmark uses " + dtype);
        };
    }

    private static DType dtype(ScalarType type) {
        for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16, DType.I8, DType.U8, DType.I32)) {
            if (type(dtype).value == type.value) {
                return dtype;
            }
        }
        throw new IllegalArgumentException("no benchmark gives " + type);
    }

    @Override
    public void close() {
        arguments.forEach(IValue::close);
    }
}
