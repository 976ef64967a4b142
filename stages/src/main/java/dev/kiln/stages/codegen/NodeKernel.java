package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.function.Function;

/** Writes a kernel of one loop node that nothing is fused with. */
abstract class NodeKernel<N extends LoopNode> {
    final N node;
    final List<String> symbols;
    final KernelNames names;

    /** @param symbols of the graph, in the order of {@code kiln_call.syms} */
    NodeKernel(N node, List<String> symbols, Function<String, Buffer> buffers) {
        this.node = node;
        this.symbols = symbols;
        this.names = new KernelNames(buffers);
    }

    /** The source; the kernel is called {@code KERNEL} in it. */
    abstract String write();

    /** Buffers in the order of {@code args->p}; known once the source is written. */
    List<String> arguments() {
        return names.arguments();
    }

    /** Bytes of scratch memory that each worker needs. */
    SymInt scratch() {
        return SymInt.ZERO;
    }
}
