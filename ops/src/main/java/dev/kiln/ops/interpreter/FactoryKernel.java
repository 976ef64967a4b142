package dev.kiln.ops.interpreter;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.MemorySegment;

/** Tensors from sizes and numbers alone. */
final class FactoryKernel {
    private FactoryKernel() {
    }

    static ConstantValue run(Frame frame) {
        return switch (frame.op().name()) {
            case "aten.full.default" -> full(frame);
            case "aten.arange.start_step" -> arange(frame);
            default -> throw new IllegalStateException("no reference kernel for " + frame.op());
        };
    }

    private static ConstantValue full(Frame frame) {
        ConstantValue out = frame.allocate(0);
        if (out.numel() > 0) {
            set(out, 0, frame.args().arg(1));
            repeat(out.data(), out.dtype().bytes());
        }
        return out;
    }

    /** Fills the memory with its first bytes over and over. */
    private static void repeat(MemorySegment data, long first) {
        for (long done = first; done < data.byteSize(); done *= 2) {
            data.asSlice(done).copyFrom(data.asSlice(0, Math.min(done, data.byteSize() - done)));
        }
    }

    /** A number stored as the dtype; an integer never passes through a double. */
    static void set(ConstantValue out, long index, Arg number) {
        switch (number) {
            case Arg.Int(var value) -> out.set(index, value.asLong());
            case Arg.Bool(boolean value) -> out.set(index, value ? 1L : 0L);
            case Arg.Real(double value) -> out.set(index, value);
            default -> throw new IllegalArgumentException("not a number: " + number);
        }
    }

    private static ConstantValue arange(Frame frame) {
        ConstantValue out = frame.allocate(0);
        boolean integral = frame.args().arg(0) instanceof Arg.Int && frame.args().arg(2) instanceof Arg.Int;
        for (long i = 0; i < out.numel(); i++) {
            if (integral) {
                out.set(i, frame.args().integer(0) + i * frame.args().integer(2));
            } else {
                out.set(i, frame.args().real(0) + i * frame.args().real(2));
            }
        }
        return out;
    }
}
