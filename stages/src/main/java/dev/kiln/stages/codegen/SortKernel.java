package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Writes a sort of a line's places. Keys of at most 32 bits and the place make one word, so that words compare as
 * numbers and equal keys keep their order; for wider keys the words are places, and keys are read again.
 */
final class SortKernel extends NodeKernel<LoopNode.Sort> {
    private static final String TEMPLATE = SourceUnits.resource("sort.c.in");

    SortKernel(LoopNode.Sort node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    @Override
    String write() {
        DType dtype = node.key().dtype();
        boolean packed = dtype.bytes() <= 4;
        String key = LineLoops.memory(node.key(), names);
        String base = names.index().print(node.key().index().substitute(
            Map.of("r0", SymInt.ZERO)));
        String step = names.index().print(node.key().index().minus(node.key().index().substitute(
            Map.of("r0", SymInt.ZERO))).substitute(
            Map.of("r0", SymInt.ONE)));
        String pointer = names.pointer(node.key().buffer());
        String flip = node.descending() ? "~" : "";
        boolean unsigned = dtype == DType.U32 || dtype == DType.U64;
        String ordered = flip + "kiln_order_" + (dtype.isFloating() ? "f" : unsigned ? "u" : "i") + (packed ? "32" : "64");
        String word = packed ? "((uint64_t)(uint32_t)" + ordered + "(" + key + ") << 32) | (uint64_t)r0" : "(uint64_t)r0";
        String index = packed ? "(int64_t)(w & 0xffffffffu)" : "(int64_t)w";
        String less = packed ? "(void)line; (void)step; return a < b;"
            : "const uint64_t x = " + ordered + "(line[(int64_t)a * step]), y = " + ordered
                + "(line[(int64_t)b * step]); return x < y || (x == y && a < b);";
        String scratch = names.target(node.scratch().orElseThrow().name());
        String target = names.target(node.output().name());
        String body = "  const int64_t n = " + names.index().print(node.count()) + ", kept = "
            + names.index().print(node.kept()) + ";\n  for (int64_t row = begin; row < end; row++) {\n"
            + LineLoops.decode(node.sizes(), names, "    ")
            + "    const " + CTypes.stored(dtype) + "* line = " + pointer + " + " + base + ";\n"
            + "    const int64_t step = " + step + ";\n"
            + "    uint64_t* words = (uint64_t*)" + scratch + " + 2 * n * row;\n"
            + "    uint64_t* sorted;\n"
            + "    if (kept < n / 8) {\n"
            + "      for (int64_t r0 = 0; r0 < n; r0++) KERNEL_offer(words, r0, kept, " + word + ", line, step);\n"
            + "      KERNEL_unheap(words, kept, line, step);\n      sorted = words;\n"
            + "    } else {\n"
            + "      for (int64_t r0 = 0; r0 < n; r0++) words[r0] = " + word + ";\n"
            + "      sorted = KERNEL_merge(words, words + n, n, line, step);\n    }\n"
            + "    for (int64_t r0 = 0; r0 < kept; r0++) { const uint64_t w = sorted[r0]; " + target + "["
            + names.index().print(node.store()) + "] = " + index + "; }\n  }\n";
        String helpers = TEMPLATE.replace("@KEY@", CTypes.stored(dtype)).replace("@LESS@", less);
        return helpers + LineLoops.kernel(names, symbols, body, node.sizes(), node.count().times(32));
    }
}
