package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Writes a scatter: the workers share the lines that do not meet; each walks the source in order, and at each step
 * its whole range of lines, which are neighbours in memory.
 */
final class ScatterKernel extends NodeKernel<LoopNode.Scatter> {
    ScatterKernel(LoopNode.Scatter node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    @Override
    String write() {
        StringBuilder body = new StringBuilder("  for (int64_t r0 = 0; r0 < ")
            .append(names.index().print(node.count())).append("; r0++) {\n    for (int64_t row = begin; row < end; row++) {\n");
        body.append(LineLoops.decode(node.sizes(), names, "      "));
        ScalarWriter writer = LineLoops.writer(body, "      ", names);
        String place = writer.write(node.place());
        String at = names.fresh("at");
        body.append("      const int64_t ").append(at).append(" = ").append(place).append(";\n");
        String value = writer.write(node.body());
        DType dtype = node.output().dtype();
        SymInt store = node.store().substitute(Map.of("_0", SymInt.symbol(at)));
        String target = names.target(node.output().name()) + "[" + names.index().print(store) + "]";
        body.append("      ").append(target).append(" = ").append(CTypes.storing(folded(target, value, dtype), dtype))
            .append(";\n    }\n  }\n");
        return LineLoops.kernel(names, symbols, body.toString(), node.sizes(), node.count().times(6));
    }

    private String folded(String target, String value, DType dtype) {
        if (node.op().isEmpty()) {
            return value;
        }
        String old = "(" + CTypes.loaded(target, dtype) + ")";
        if (dtype == DType.BOOL) {
            return switch (node.op().get()) {
                case ADD, MAX -> old + " | " + value;
                default -> old + " & " + value;
            };
        }
        return COperators.print(node.op().get(), List.of(old, value), dtype, dtype);
    }
}
