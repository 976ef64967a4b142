package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Optional;

/**
 * PyTorch writes {@code squeeze(dim)} of a size that it does not know as a branch: Squeeze if the size is 1, else
 * Identity. Their results differ in rank, so none can be selected when the code runs. A size that data decides is taken
 * not to be 1, as PyTorch does for its unbacked sizes, and the code checks it.
 */
final class SqueezeBranch {
    private SqueezeBranch() {
    }

    /** The other branch, under that condition, if the node is such a branch. */
    static Optional<List<Value>> translate(NodeImport n) {
        Optional<SymInt> size = n.attributes().graph("then_branch").filter(g -> onlySqueezes(g.getNodeList()))
            .flatMap(g -> comparedWithOne(n));
        size.ifPresent(s -> n.shapes().require(Guard.equal(s, SymInt.ONE).negated(), "a size that may be squeezed"));
        return size.map(s -> new Subgraph(n, "else_branch").place(List.of()));
    }

    private static boolean onlySqueezes(List<NodeProto> nodes) {
        List<String> ops = nodes.stream().map(NodeProto::getOpType).filter(op -> !op.equals("Constant")).toList();
        return ops.equals(List.of("Squeeze"));
    }

    /** The size that the condition compares with 1, if that is what it does. */
    private static Optional<SymInt> comparedWithOne(NodeImport n) {
        if (!(n.node(n.tensor(0)) instanceof Node.Call call && call.op().name().equals("aten.eq.Scalar")
                && call.args().get(1) instanceof Arg.Int(SymInt size) && n.shapes().isUnbacked(size))) {
            return Optional.empty();
        }
        return n.context().values().constant(new Value.Tensor(call.inputs().getFirst()))
            .filter(other -> other.numel() == 1 && other.longAt(0) == 1).map(other -> size);
    }
}
