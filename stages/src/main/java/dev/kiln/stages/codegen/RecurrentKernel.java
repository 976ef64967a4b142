package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import java.util.List;
import java.util.function.Function;

/** Writes the loop over the steps of a recurrent layer; threads share the hidden units of each step. */
final class RecurrentKernel extends NodeKernel<LoopNode.Recurrent> {
    private static final String TEMPLATE = SourceUnits.resource("recurrent.c.in");
    private static final List<String> FIELDS = List.of("products", "weight", "bias", "hidden", "cell");

    RecurrentKernel(LoopNode.Recurrent node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    @Override
    String write() {
        StringBuilder fields = new StringBuilder();
        for (int i = 0; i < FIELDS.size(); i++) {
            fields.append("  s.").append(FIELDS.get(i)).append(" = ").append(pointer(node.operands().get(i)))
                .append(";\n");
        }
        fields.append("  s.lengths = ").append(node.lengths().map(this::pointer).orElse("0")).append(";\n");
        fields.append("  s.out = ").append(names.target(node.output().name())).append(";\n");
        fields.append("  s.states = ").append(names.target(node.scratchBuffer().name())).append(";\n");
        List<SymInt> sizes = node.operands().getFirst().sizes();
        fields.append("  s.steps = ").append(print(sizes.get(0))).append("; s.batch = ").append(print(sizes.get(1)))
            .append("; s.units = ").append(print(node.operands().get(1).sizes().get(1))).append(";\n");
        return TEMPLATE.replace("@MODE@", Integer.toString(node.mode().ordinal()))
            .replace("@GATES@", Integer.toString(node.mode().gates())).replace("@REVERSE@", node.reverse() ? "1" : "0")
            + "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.declarations(symbols, "  ")
            + "  KERNEL_layer s;\n" + fields + "  KERNEL_run(args, &s);\n}\n";
    }

    private String pointer(Operand operand) {
        return names.pointer(operand.buffer()) + " + " + print(operand.offset());
    }

    private String print(SymInt size) {
        return "(" + names.index().print(size) + ")";
    }
}
