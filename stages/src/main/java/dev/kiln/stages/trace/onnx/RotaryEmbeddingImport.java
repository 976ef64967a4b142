package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Turns pairs of elements of each head by angles that depend on the position. */
final class RotaryEmbeddingImport {
    private RotaryEmbeddingImport() {
    }

    /** Works on [batch, sequence, heads, width]. */
    static Arg.Ref translate(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        boolean split = n.rank(x) == 4;
        List<SymInt> sizes = n.type(x).sizes();
        Arg.Ref headed;
        if (split) {
            headed = n.call("aten.transpose.int", x, 1, 2);
        } else {
            SymInt heads = SymInt.of(n.attributes().requireInteger("num_heads"));
            headed = n.reshape(x, List.of(sizes.get(0), sizes.get(1), heads, sizes.get(2).floorDiv(heads)));
        }
        SymInt width = n.type(headed).size(3);
        long given = n.attributes().integer("rotary_embedding_dim", 0);
        SymInt turned = given == 0 ? width : SymInt.of(given);
        Arg.Ref front = n.call("aten.slice.Tensor", headed, 3, SymInt.ZERO, turned);
        Arg.Ref result = turned(n, front, turned);
        if (!turned.equals(width)) {
            result = n.call("aten.cat.default",
                List.of(result, n.call("aten.slice.Tensor", headed, 3, turned, width)), 3);
        }
        return split ? n.call("aten.transpose.int", result, 1, 2) : n.reshape(result, sizes);
    }

    private static Arg.Ref turned(NodeImport n, Arg.Ref x, SymInt width) {
        boolean interleaved = n.attributes().flag("interleaved", false);
        SymInt half = width.floorDiv(SymInt.of(2));
        Arg.Ref a = interleaved ? n.call("aten.slice.Tensor", x, 3, 0, width, 2)
            : n.call("aten.slice.Tensor", x, 3, SymInt.ZERO, half);
        Arg.Ref b = interleaved ? n.call("aten.slice.Tensor", x, 3, 1, width, 2)
            : n.call("aten.slice.Tensor", x, 3, half, width);
        Arg.Ref cos = angles(n, 1);
        Arg.Ref sin = angles(n, 2);
        Arg.Ref real = n.call("aten.sub.Tensor", n.call("aten.mul.Tensor", a, cos), n.call("aten.mul.Tensor", b, sin));
        Arg.Ref imaginary = n.call("aten.add.Tensor", n.call("aten.mul.Tensor", a, sin),
            n.call("aten.mul.Tensor", b, cos));
        if (!interleaved) {
            return n.call("aten.cat.default", List.of(real, imaginary), 3);
        }
        Arg.Ref pairs = n.call("aten.cat.default", List.of(n.call("aten.unsqueeze.default", real, 4),
            n.call("aten.unsqueeze.default", imaginary, 4)), 4);
        List<SymInt> sizes = new ArrayList<>(n.type(x).sizes());
        return n.reshape(pairs, sizes);
    }

    /** [batch, sequence, 1, width / 2]: rows of a table by position, or given for each place. */
    private static Arg.Ref angles(NodeImport n, int input) {
        Arg.Ref table = n.tensor(input);
        Arg.Ref rows = n.has(3) ? n.call("aten.embedding.default", table, n.tensor(3)) : table;
        return n.call("aten.unsqueeze.default", rows, 2);
    }
}
