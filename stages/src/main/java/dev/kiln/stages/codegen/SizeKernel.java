package dev.kiln.stages.codegen;

import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.function.Function;

/**
 * Writes a kernel that gives a symbol its value. Compaction stores every index and moves on only behind true ones, so
 * that it has no branch to mispredict; its output has room for all.
 */
final class SizeKernel extends NodeKernel<LoopNode.DataSize> {
    SizeKernel(LoopNode.DataSize node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    @Override
    String write() {
        StringBuilder body = new StringBuilder();
        boolean compact = node.rule() == LoopNode.DataSize.Rule.COMPACT;
        ScalarWriter writer = new ScalarWriter(body, compact ? "    " : "  ", names, load -> ScalarWriter.element(
            names.pointer(load.buffer()), names.index().print(load.index()), load.dtype()));
        String value = writer.write(node.body());
        String target = names.target(node.output().name());
        String size = names.index().print(node.size());
        String text = compact
            ? "  int64_t count = 0;\n  for (int64_t i0 = 0; i0 < " + size + "; i0++) {\n" + body + "    " + target
                + "[count] = i0;\n    count += (" + value + ") != 0;\n  }\n"
            : body + "  int64_t count = (int64_t)(" + value + ");\n  " + target + "[0] = count;\n" + range();
        return "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.declarations(symbols, "  ") + text
            + "  args->call->syms[" + symbols.indexOf(node.symbol()) + "] = count;\n}\n";
    }

    private String range() {
        String above = node.max() == Long.MAX_VALUE ? "" : " || count > " + node.max();
        return "  if (count < " + node.min() + above + ") { *args->failed = KILN_FAILED_SIZE; return; }\n";
    }
}
