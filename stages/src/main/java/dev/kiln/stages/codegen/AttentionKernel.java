package dev.kiln.stages.codegen;

import dev.kiln.kernels.attention.AttentionSpec;
import dev.kiln.kernels.attention.AttentionTemplate;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Writes fused attention: strides and sizes are evaluated when it runs, head sizes are fixed. */
final class AttentionKernel {
    private final LoopNode.Attention node;
    private final KernelNames names;
    private final List<String> symbols;

    AttentionKernel(LoopNode.Attention node, List<String> symbols, Function<String, Buffer> buffers) {
        this.node = node;
        this.names = new KernelNames(buffers);
        this.symbols = symbols;
    }

    List<String> arguments() {
        return names.arguments();
    }

    Variant write(CodegenTarget target) {
        MicroGemm micro = MicroGemm.table(target.isa(), ElementType.F32).getFirst();
        int head = (int) node.query().sizes().get(3).asLong();
        int value = (int) node.value().sizes().get(3).asLong();
        List<SymInt> out = node.output().strides();
        String q = names.pointer(node.query().buffer());
        String k = names.pointer(node.key().buffer());
        String v = names.pointer(node.value().buffer());
        String mask = node.mask().map(m -> names.pointer(m.buffer()) + " + " + print(m.offset())).orElse("0");
        String o = names.target(node.output().name());
        String strides = strides("q", node.query().strides()) + strides("k", node.key().strides())
            + strides("v", node.value().strides())
            + strides("m", node.mask().map(Operand::strides).orElse(List.of(SymInt.ZERO)))
            + strides("o", List.of(out.get(0), out.get(2), out.get(1), out.get(3)));
        String call = "  KERNEL(args->call, " + q + " + " + print(node.query().offset()) + ", q, " + k + " + "
            + print(node.key().offset()) + ", k, " + v + " + " + print(node.value().offset()) + ", v, " + mask + ", m, "
            + o + ", o, " + node.query().sizes().subList(0, 3).stream().map(this::print)
                .collect(Collectors.joining(", "))
            + ", " + print(node.key().sizes().get(2)) + ", " + (float) node.scale() + "f);\n";
        AttentionSpec spec = AttentionSpec.of("KERNEL", micro, head, value);
        return Variant.only(AttentionTemplate.render(spec)
            + "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.declarations(symbols, "  ") + strides
            + call + "}\n", Set.of(AttentionTemplate.microKernels(spec)));
    }

    private String print(SymInt expression) {
        return "(" + names.index().print(expression) + ")";
    }

    private String strides(String name, List<SymInt> strides) {
        return "  const int64_t " + name + "[4] = {"
            + strides.stream().map(this::print).collect(Collectors.joining(", ")) + "};\n";
    }
}
