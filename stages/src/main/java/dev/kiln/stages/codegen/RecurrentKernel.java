package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/** Writes the loop over the steps of a recurrent layer; threads share the hidden units of each step. */
final class RecurrentKernel {
    private static final String TEMPLATE = template();
    private static final List<String> FIELDS = List.of("products", "weight", "bias", "hidden", "cell");

    private final LoopNode.Recurrent node;
    private final List<String> symbols;
    private final KernelNames names;

    RecurrentKernel(LoopNode.Recurrent node, List<String> symbols, Function<String, Buffer> buffers) {
        this.node = node;
        this.symbols = symbols;
        this.names = new KernelNames(buffers);
    }

    List<String> arguments() {
        return names.arguments();
    }

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

    private static String template() {
        try (InputStream in = RecurrentKernel.class.getResourceAsStream("recurrent.c.in")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
