package dev.kiln.stages.codegen;

import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.GemmBlocking;
import dev.kiln.kernels.gemm.GemmSpec;
import dev.kiln.kernels.gemm.GemmTemplate;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import dev.kiln.stages.schedule.KernelGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Writes a linear with its epilogue: one variant a register block and cache blocking, and one of the library. */
final class LinearKernel implements TemplateKernel {
    /** Of Kiln's own, at most; the expected best come first. */
    private static final int CANDIDATES = 2;

    private final LoopNode.Linear node;
    private final KernelNames names;
    private final List<String> symbols;
    private final String epilogue;
    private final String activation;
    private final String weight;

    LinearKernel(KernelGroup.Template group, List<String> symbols, Function<String, Buffer> buffers) {
        this.node = (LoopNode.Linear) group.node();
        this.names = new KernelNames(buffers);
        this.symbols = symbols;
        this.activation = names.pointer(node.a().buffer());
        this.weight = names.pointer(node.weight());
        SymInt place = SymInt.symbol("i0").times(node.n()).plus(SymInt.symbol("i1"));
        this.epilogue = GemmTemplate.prelude() + new EpilogueWriter(group, names).write(symbols, "float", place);
    }

    @Override
    public Kernel.Kind kind() {
        return Kernel.Kind.LINEAR;
    }

    @Override
    public List<String> arguments() {
        return names.arguments();
    }

    @Override
    public boolean weightTransposed() {
        return node.weightTransposed();
    }

    @Override
    public String identity() {
        return epilogue + launch("") + node.n() + ' ' + node.k() + ' ' + node.weightTransposed() + ' ' + lda();
    }

    @Override
    public List<Variant> variants(CodegenTarget target) {
        List<Variant> variants = new ArrayList<>();
        for (MicroGemm micro : MicroGemm.table(target.isa(), ElementType.F32)) {
            GemmBlocking.candidates(micro, node.n(), node.k(), target.caches()).stream()
                .limit(CANDIDATES - variants.size()).forEach(blocking -> variants.add(template(micro, blocking)));
        }
        SymInt stride = node.a().strides().getFirst();
        boolean repeatsRows = stride.isConstant() && stride.asLong() < node.k();
        target.library("openblas.sgemm").filter(name -> !repeatsRows).ifPresent(name -> variants.add(library(name)));
        return variants;
    }

    private Variant template(MicroGemm micro, GemmBlocking blocking) {
        String label = "kiln_gemm_" + micro.mr() + "x" + micro.nr() + "_mc" + blocking.mc() + "_nc" + blocking.nc()
            + "_kc" + blocking.kc();
        GemmSpec spec = new GemmSpec("KERNEL", micro, node.n(), node.k(), blocking);
        String source = epilogue + GemmTemplate.render(spec)
            + launch("KERNEL(args->call, a, " + lda() + ", b, 0, 0, 0, m, (void*)args);");
        return new Variant(label, "KERNEL", source, Set.of(GemmTemplate.microKernels(spec)),
            Optional.of(spec.packing()), List.of());
    }

    @Override
    public Variant reference() {
        String source = epilogue + ReferenceGemm.render(node.n(), node.k(), node.weightTransposed())
            + launch("KERNEL(args->call, a, " + lda() + ", b, m, (void*)args);");
        return new Variant("reference", "KERNEL", source, Set.of(), Optional.empty(), List.of());
    }

    private Variant library(String name) {
        String source = epilogue + LibraryGemm.render(node.n(), node.k(), node.weightTransposed())
            + launch("KERNEL(args->call, a, " + lda() + ", b, m, (void*)args);");
        return new Variant(name, "KERNEL", source, Set.of(), Optional.empty(), List.of(name));
    }

    @Override
    public String op() {
        return node.weightTransposed() ? "linear" : "mm";
    }

    @Override
    public Operand input() {
        return node.a();
    }

    @Override
    public List<String> operands(ShapeEnv shapes) {
        return List.of(shapes.hint(node.m()) + "x" + node.k(), node.k() + "x" + node.n());
    }

    @Override
    public long depth() {
        return node.k();
    }

    @Override
    public SymInt products() {
        return node.m().times(node.n()).times(node.k());
    }

    @Override
    public SymInt scratch() {
        return SymInt.ZERO;
    }

    private String lda() {
        return names.index().print(node.a().strides().getFirst());
    }

    private String launch(String call) {
        String m = names.index().print(node.m());
        String offset = names.index().print(node.a().offset());
        lda();
        int p0 = Integer.parseInt(activation.substring(1));
        int p1 = Integer.parseInt(weight.substring(1));
        return "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.index().declarations(symbols, "  ")
            + "  const float* a = (const float*)args->p[" + p0 + "] + (" + offset + ");\n"
            + "  const float* b = (const float*)args->p[" + p1 + "];\n  const int64_t m = " + m + ";\n  " + call
            + "\n}\n";
    }
}
