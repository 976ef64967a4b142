package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.SymbolicQueries;
import dev.kiln.ops.derivative.Derivatives;
import dev.kiln.ops.derivative.Differentiability;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Writes {@code docs/OPS.md}: what Kiln has of PyTorch's operators, asked of the operators themselves. */
final class OpsPage {
    private static final long SEED = 1;
    private static final Set<DType> ALL = EnumSet.of(DType.BOOL, DType.U8, DType.I32, DType.I64, DType.F16,
        DType.BF16, DType.F32, DType.F64);

    private OpsPage() {
    }

    static Set<String> core() {
        try (InputStream in = OpsPage.class.getResourceAsStream("core_aten.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(l -> !l.startsWith("#"))
                .map(l -> "aten." + (l.contains(".") ? l : l + ".default"))
                .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Set<String> missing() {
        return core().stream().filter(n -> OpTable.find(n).isEmpty() && !SymbolicQueries.isQuery(n))
            .collect(Collectors.toCollection(TreeSet::new));
    }

    static String text() {
        Set<String> core = core();
        Set<String> missing = missing();
        StringBuilder out = new StringBuilder("""
            # Operators

            Generated from the operators themselves; do not edit ([how](add-an-op.md)).

            Core ATen: %d of %d; all overloads: %d, of which %d have a derivative rule, %d are differentiated through their
            decomposition, %d pass no gradients, and %d lack a derivative.

            ONNX's test cases: 889 of 932 node cases pass, 82 of 82 pytorch-converted, 35 of 35 pytorch-operator and 15 of 23
            simple ones; none fails, the others are unsupported by name ([ONNX.md](ONNX.md)). Random whole graphs against
            libtorch: 75 in `mvn verify`, 4000 nightly (`-Dkiln.fuzz.seed`, `-Dkiln.fuzz.graphs`); 400 with a new seed in
            November 2026 had no difference.

            *how*: **lowering** is loops, a template or a view of Kiln's own; **decomposition** is in terms of others;
            **size expression** is answered while the graph is built. *dtypes*: of the first tensor, as the samples of
            the tests have them; "all" is b8, u8, i32, i64, f16, bf16, f32 and f64. *differentiable*: by a **rule**, or
            **through decomposition**; "no" is where gradients stop, as they do in PyTorch.

            | op | core | how | dtypes | differentiable |
            | --- | --- | --- | --- | --- |
            """.formatted(core.size() - missing.size(), core.size(), OpTable.all().size(),
                count(Differentiability.RULE), count(Differentiability.DECOMPOSITION), count(Differentiability.NONE),
                count(Differentiability.MISSING)));
        Map<String, String> rows = new LinkedHashMap<>();
        Set<String> names = new TreeSet<>(core);
        OpTable.all().forEach(op -> names.add(op.name()));
        names.forEach(name -> rows.put(name, row(name, core.contains(name))));
        rows.forEach((name, row) -> out.append("| ").append(name.substring("aten.".length())).append(row));
        return out.toString();
    }

    private static String row(String name, boolean core) {
        String start = " | " + (core ? "yes" : "") + " | ";
        if (SymbolicQueries.isQuery(name)) {
            return start + "size expression | | no |\n";
        }
        return OpTable.find(name).map(op -> start + how(op) + " | " + dtypes(op) + " | "
            + differentiable(op) + " |\n").orElseGet(() ->
            start + "**missing** | | no |\n");
    }

    private static long count(Differentiability kind) {
        return OpTable.all().stream().filter(op -> Derivatives.of(op) == kind).count();
    }

    private static String differentiable(OpOverload op) {
        return switch (Derivatives.of(op)) {
            case RULE -> "rule";
            case DECOMPOSITION -> "through decomposition";
            case NONE -> "no";
            case MISSING -> "**missing**";
        };
    }

    private static String how(OpOverload op) {
        return op.kind() == OpKind.COMPOSITE ? "decomposition" : "lowering";
    }

    /** Those in which the reference interpreter takes a sample. */
    private static String dtypes(OpOverload op) {
        Set<DType> taken = EnumSet.noneOf(DType.class);
        boolean tensors = false;
        for (OracleCase sample : Samples.of(op, SEED)) {
            List<DType> operands = sample.dtypes();
            tensors |= !operands.isEmpty();
            if (!operands.isEmpty() && !taken.contains(operands.getFirst()) && runs(sample)) {
                taken.add(operands.getFirst());
            }
        }
        List<String> names = new ArrayList<>();
        taken.forEach(d -> names.add(d.text()));
        return !tensors ? "" : taken.containsAll(ALL) ? "all" : String.join(" ", names);
    }

    private static boolean runs(OracleCase sample) {
        try {
            OracleCase.Program program = sample.program(false);
            Interpreter.run(program.graph(), program.inputs());
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }
}
