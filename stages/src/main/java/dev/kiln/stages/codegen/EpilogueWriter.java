package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.HashMap;
import java.util.Map;

/** Writes what happens to each finished element of a linear: its fused pointwise nodes, or the plain store. */
final class EpilogueWriter {
    private static final String INDENT = "      ";

    private final KernelGroup.Template group;
    private final KernelNames names;
    private final String product;
    private final DType input;
    private final Map<String, String> values = new HashMap<>();

    /** @param input dtype of what is multiplied */
    EpilogueWriter(KernelGroup.Template group, KernelNames names, DType input) {
        this.input = input;
        this.group = group;
        this.names = names;
        this.product = group.node().output().name();
    }

    /** The function {@code KERNEL_epilogue} of the GEMM template's contract; its context is the kernel's arguments. */
    String write(java.util.List<String> symbols, String element, dev.kiln.ops.shape.SymInt productIndex) {
        StringBuilder body = new StringBuilder();
        ScalarWriter writer = new ScalarWriter(body, INDENT, names, this::load);
        values.put(product, "acc[r * ldacc + c]");
        if (!group.internal().contains(product)) {
            body.append(INDENT).append(names.target(product)).append('[').append(names.index().print(productIndex))
                .append("] = acc[r * ldacc + c];\n");
        }
        for (Statement statement : group.epilogue()) {
            String value = writer.write(statement.body());
            values.put(statement.output().name(), value);
            if (!group.internal().contains(statement.output().name())) {
                body.append(INDENT).append(names.target(statement.output().name())).append('[')
                    .append(names.index().print(statement.store())).append("] = ")
                    .append(storing(value, statement.output().dtype())).append(";\n");
            }
        }
        String loops = "  const kiln_args* args = (const kiln_args*)ctx;\n" + names.declarations(symbols, "  ")
            + "  for (int64_t r = 0; r < rows; r++) {\n    const int64_t i0 = m0 + r;\n"
            + (stores(DType.BF16) && input == DType.BF16 ? "    KILN_COLUMNS_TO_BF16\n" : "    KILN_COLUMNS\n")
            + "    for (int64_t c = 0; c < cols; c++) {\n      const int64_t i1 = n0 + c;\n      (void)i1;\n" + body
            + "    }\n    (void)i0;\n  }\n";
        return FarArguments.function("static inline __attribute__((always_inline))", "KERNEL_epilogue",
            "void* ctx, const " + element + "* restrict acc, int64_t ldacc,\n    int64_t m0, int64_t n0, int64_t rows, "
            + "int64_t cols", "ctx, acc, ldacc, m0, n0, rows, cols", loops);
    }

    private boolean stores(DType dtype) {
        return group.epilogue().stream().anyMatch(s -> s.output().dtype() == dtype
            && !group.internal().contains(s.output().name()));
    }

    /** Sums of products of bf16 are rounded as the processor rounds them, in one instruction. */
    private String storing(String value, DType dtype) {
        return dtype == DType.BF16 && input == DType.BF16 ? "kiln_bf16_of_sum(" + value + ")" : CTypes.storing(value, dtype);
    }

    private String load(Scalar.Load load) {
        String value = values.get(load.buffer());
        return value != null ? value
            : ScalarWriter.element(names.pointer(load.buffer()), names.index().print(load.index()), load.dtype());
    }
}
