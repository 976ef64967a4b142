package dev.kiln.stages.autograd;

import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.postgrad.EliminateCommonSubexpressions;
import dev.kiln.stages.postgrad.EliminateDeadCode;
import java.util.Optional;

/**
 * Makes a joint graph ready to be cut: dead code goes, equal calls become one, and composite ops that are cheap to
 * compute again are taken apart, since parts of them are worth saving (the statistics of a norm) and others are not.
 */
final class JointPreparation {
    private static final int MAX_ROUNDS = 8;

    private JointPreparation() {
    }

    static JointGraph run(JointGraph joint) {
        Graph graph = EliminateDeadCode.run(joint.graph());
        graph = GraphRewriter.exhaust(graph, MAX_ROUNDS, (builder, call) -> {
            boolean cheap = call.op().kind() == OpKind.COMPOSITE
                && OpClass.of(call, builder::tensor, builder.shapes()).isRecomputable();
            return cheap ? Optional.of(Decompositions.find(call.op()).orElseThrow().apply(builder,
                new OpArgs(call.op().schema(), call.args(), builder::tensor, builder.shapes()))) : Optional.empty();
        });
        graph = EliminateDeadCode.run(EliminateCommonSubexpressions.run(graph));
        return new JointGraph(graph, joint.forwardOutputs(), joint.tangents(), joint.gradients());
    }
}
