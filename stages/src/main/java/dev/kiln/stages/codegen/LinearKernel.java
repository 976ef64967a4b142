package dev.kiln.stages.codegen;

import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.GemmBlocking;
import dev.kiln.kernels.gemm.GemmSpec;
import dev.kiln.kernels.gemm.GemmTemplate;
import dev.kiln.kernels.gemm.GemmTypes;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.kernels.gemm.Stored;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import dev.kiln.stages.schedule.KernelGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Writes a linear with its epilogue: for a constant weight one variant a register block and cache blocking, and one of the
 * library; for a tensor the expected best.
 */
final class LinearKernel implements TemplateKernel {
    private final LoopNode.Linear node;
    private final KernelNames names;
    private final List<String> symbols;
    private final String epilogue;
    private final String activation;
    private final String weight;
    private final String parameters;
    private final Optional<String> panels;
    /** That there is room for panels for at a time. */
    private final long columns;
    private final DType input;
    private final DType stored;
    private final DType scales;
    private final String element;
    private long scratch;

    LinearKernel(KernelGroup.Template group, List<String> symbols, Function<String, Buffer> buffers,
            Map<String, String> inPlace) {
        this.node = (LoopNode.Linear) group.node();
        this.names = new KernelNames(buffers, inPlace);
        this.symbols = symbols;
        this.activation = names.pointer(node.a().buffer());
        this.weight = names.pointer(node.weight());
        this.columns = node.right().panels().map(p -> p.sizes().getFirst().asLong()).orElse(node.n());
        this.panels = node.right().panels().map(p -> names.target(p.name()));
        this.parameters = node.groups().map(g -> names.pointer(g.parameters())).orElse("");
        this.input = buffers.apply(node.a().buffer()).dtype();
        this.stored = buffers.apply(node.weight()).dtype();
        this.scales = node.groups().map(g -> buffers.apply(g.parameters()).dtype()).orElse(DType.F32);
        this.element = CTypes.stored(node.output().dtype());
        SymInt place = SymInt.symbol("i0").times(node.n()).plus(SymInt.symbol("i1"));
        this.epilogue = GemmTemplate.prelude() + new EpilogueWriter(group, names, input).write(symbols, element, place);
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
    public boolean hasConstantWeight() {
        return panels.isEmpty();
    }

    @Override
    public boolean weightTransposed() {
        return node.right().transposed();
    }

    @Override
    public String identity() {
        return epilogue + launch("") + node.n() + ' ' + node.k() + ' ' + columns + ' ' + node.right().transposed() + ' '
            + names.index().print(node.right().distance()) + ' ' + node.byColumns() + ' ' + lda() + ' ' + input + ' '
            + stored + ' ' + node.groups().map(LoopNode.Linear.Groups::size) + scales;
    }

    @Override
    public List<Variant> variants(CodegenTarget target) {
        List<Variant> variants = new ArrayList<>();
        GemmTypes types = types(target);
        long m = target.hint(node.m());
        List<MicroGemm> table = MicroGemm.table(target.isa(), types.compute());
        Function<MicroGemm, List<GemmBlocking>> blockings = micro -> GemmBlocking.candidates(micro, types, groups(),
            copies(types), node.n(), node.k(), target.caches());
        List<GemmSearch.Choice> choices = types.widensWeight()
            ? GemmSearch.narrow(table, types, blockings, micro -> GemmBlocking.streaming(micro, groups(), node.n(), node.k()), m,
                target) : GemmSearch.choices(table, blockings, m, node.n(), node.k(), target);
        if (panels.isPresent()) {
            return List.of(template(choices.getFirst(), types));
        }
        choices.forEach(c -> variants.add(template(c, types)));
        SymInt stride = node.a().strides().getFirst();
        boolean repeatsRows = stride.isConstant() && stride.asLong() < node.k();
        for (LibraryGemm library : LibraryGemm.values()) {
            if (library.multiplies(input, stored) && !repeatsRows && target.library(library.function()).isPresent()) {
                variants.add(library(library, library.function(), 32));
                if (target.searchesAll() && m > 32) {
                    variants.add(library(library, library.function() + "_rows128", 128));
                }
            }
        }
        return variants;
    }

    /** A tensor is packed as it is multiplied. */
    private GemmTypes types(CodegenTarget target) {
        GemmTypes types = GemmTypes.of(Stored.valueOf(input.name()), weightNumbers(), target.isa());
        return panels.isEmpty() || !types.widensWeight() ? types : new GemmTypes(types.input(), Stored.F32, types.compute());
    }

    private GemmSpec.Layout layout() {
        return panels.isEmpty() ? GemmSpec.Layout.CONSTANT : new GemmSpec.Layout(node.byColumns(), Optional.of(
            new GemmSpec.Tensor(node.right().transposed() ? PackedWeight.Order.NK : PackedWeight.Order.KN,
                Stored.valueOf(stored.name()))));
    }

    private Stored weightNumbers() {
        return node.groups().isPresent() ? Stored.NIBBLES : Stored.valueOf(stored.name());
    }

    private GemmSpec.Groups groups() {
        return node.groups().map(g -> new GemmSpec.Groups(g.size(), Stored.valueOf(scales.name())))
            .orElse(GemmSpec.Groups.NONE);
    }

    /** Whether rows of A are no whole elements side by side. */
    private boolean copies(GemmTypes types) {
        int depth = types.compute().depth();
        SymInt stride = node.a().strides().getFirst();
        return !node.byColumns() && (types.widensInput() || node.k() % depth != 0
            || depth > 1 && !(stride.isConstant() && stride.asLong() % depth == 0) && !node.m().is(1));
    }

    private Variant template(GemmSearch.Choice choice, GemmTypes types) {
        MicroGemm micro = choice.micro();
        GemmBlocking blocking = choice.blocking();
        String numbers = types.compute() == ElementType.F32 && !types.widensWeight() && !types.widensInput() ? ""
            : "_" + types.input() + "x" + types.weight();
        String label = (micro.tiles() ? "kiln_tiles" : choice.widening() == GemmSpec.Widening.IN_REGISTERS ? "kiln_stream"
            : "kiln_gemm") + numbers.toLowerCase(Locale.ROOT) + "_" + micro.mr()
            + "x" + micro.nr() + "_mc" + blocking.mc() + "_nc" + blocking.nc() + "_kc" + blocking.kc()
            + (blocking.prefetch() > 0 ? "_p" + blocking.prefetch() : "");
        GemmSpec spec = new GemmSpec("KERNEL", micro, types, node.n(), node.k(), blocking, groups(), copies(types),
            choice.widening(), layout());
        scratch = Math.max(scratch, spec.scratchBytes());
        String launch = launch(panels.map(p -> inPieces(pointer(p), spec)).orElse("KERNEL(args->call, a, " + lda() + ", b, "
            + (parameters.isEmpty() ? "0" : pointer(parameters)) + ", args->scratch, args->scratch_bytes, m, (void*)args);"));
        return new Variant(label, "KERNEL", () -> epilogue + GemmTemplate.render(spec) + launch,
            Set.of(GemmTemplate.microKernels(spec)),
            panels.isEmpty() ? Optional.of(spec.packing()) : Optional.empty(), List.of());
    }

    /** Packs as many panels as there is room for, multiplies with them, and so on. */
    private String inPieces(String room, GemmSpec spec) {
        long most = Math.max(1, columns / spec.micro().nr());
        long piece = Math.ceilDiv(spec.panels(), Math.ceilDiv(spec.panels(), most));
        return "for (int64_t first = 0; first < " + spec.panels() + "; first += " + piece + ") {\n"
            + "    const int64_t end = kiln_imin(first + " + piece + ", " + spec.panels() + ");\n"
            + "    KERNEL_right(args->call, b, " + names.index().print(node.right().distance()) + ", " + room
            + ", first, end);\n    KERNEL_over(args->call, a, " + lda() + ", " + room
            + ", 0, args->scratch, args->scratch_bytes, m, (void*)args, first, end);\n  }";
    }

    @Override
    public Variant reference() {
        String source = epilogue + ReferenceGemm.render(node, input, stored, scales)
            + launch("KERNEL(args->call, a, " + lda() + ", b, " + (parameters.isEmpty() ? "0" : pointer(parameters))
            + ", m, (void*)args);");
        return new Variant("reference", "KERNEL", source, Set.of(), Optional.empty(), List.of());
    }

    private Variant library(LibraryGemm library, String label, int block) {
        String source = epilogue + library.render(node.n(), node.k(), node.right().transposed(), block)
            + launch("KERNEL(args->call, a, " + lda() + ", b, m, (void*)args);");
        return new Variant(label, "KERNEL", source, Set.of(), Optional.empty(), library.externs());
    }

    @Override
    public String op() {
        return node.right().transposed() ? "linear" : "mm";
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
        return SymInt.of(scratch);
    }

    private String lda() {
        return names.index().print(node.a().strides().get(node.byColumns() ? 1 : 0));
    }

    private String launch(String call) {
        String m = names.index().print(node.m());
        String offset = names.index().print(node.a().offset());
        String rightOffset = names.index().print(node.right().operand().offset());
        lda();
        names.index().print(node.right().distance());
        return "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.index().declarations(symbols, "  ")
            + "  const " + CTypes.stored(input) + "* a = (const " + CTypes.stored(input) + "*)" + pointer(activation) + " + ("
            + offset + ");\n  const " + CTypes.stored(stored) + "* b = (const " + CTypes.stored(stored) + "*)"
            + pointer(weight) + " + (" + rightOffset + ");\n  const int64_t m = " + m + ";\n  " + call + "\n}\n";
    }

    private static String pointer(String name) {
        return "args->p[" + name.substring(1) + "]";
    }
}
