package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import java.util.List;
import java.util.function.Function;

/** Turns one ONNX node into ATen nodes or known values; the result has a value for each output, in order. */
@FunctionalInterface
interface Translator {
    List<Value> translate(NodeImport node);

    /** For the usual op with one output tensor. */
    static Translator tensor(Function<NodeImport, Arg.Ref> body) {
        return node -> List.of(new Value.Tensor(body.apply(node)));
    }

    static Translator tensors(Function<NodeImport, List<Arg.Ref>> body) {
        return node -> body.apply(node).stream().<Value>map(Value.Tensor::new).toList();
    }
}
