package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import java.util.List;
import java.util.function.Function;

/** Writes the suppression of overlapping boxes: rows in parallel; each box that is kept is compared with all later ones. */
final class SuppressionKernel extends NodeKernel<LoopNode.Suppression> {
    private static final String ROW = """
            const float* const low0 = corners + row * 4 * n;
            const float* const low1 = low0 + n;
            const float* const high0 = low1 + n;
            const float* const high1 = high0 + n;
            uint8_t* const restrict kept = out + row * n;
            int64_t count = 0;
            for (int64_t i = 0; i < n; i++) kept[i] = alive[row * n + i];
            for (int64_t i = 0; i < n; i++) {
              if (!kept[i]) continue;
              if (count++ >= most) { kept[i] = 0; continue; }
              const float a0 = low0[i], a1 = low1[i], b0 = high0[i], b1 = high1[i], area = (b0 - a0) * (b1 - a1);
              for (int64_t j = i + 1; j < n; j++) {
                const float s0 = (high0[j] < b0 ? high0[j] : b0) - (low0[j] > a0 ? low0[j] : a0);
                const float s1 = (high1[j] < b1 ? high1[j] : b1) - (low1[j] > a1 ? low1[j] : a1);
                const float both = (s0 > 0 ? s0 : 0) * (s1 > 0 ? s1 : 0);
                const float whole = area + (high0[j] - low0[j]) * (high1[j] - low1[j]) - both;
                kept[j] &= !(both / whole > limit);
              }
            }
        """;

    SuppressionKernel(LoopNode.Suppression node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    @Override
    String write() {
        List<SymInt> sizes = node.alive().sizes();
        String body = "  const float* const restrict corners = " + pointer(node.corners()) + ";\n"
            + "  const uint8_t* const restrict alive = " + pointer(node.alive()) + ";\n"
            + "  uint8_t* const out = " + names.target(node.output().name()) + ";\n"
            + "  const float limit = (" + pointer(node.limit()) + ")[0];\n"
            + "  const int64_t n = " + names.index().print(sizes.get(1)) + ", most = " + node.most() + "LL;\n"
            + "  for (int64_t row = begin; row < end; row++) {\n" + ROW.indent(2) + "  }\n";
        return LineLoops.kernel(names, symbols, body, sizes.subList(0, 1), sizes.get(1).times(64));
    }

    private String pointer(Operand operand) {
        return names.pointer(operand.buffer()) + " + " + names.index().print(operand.offset());
    }
}
