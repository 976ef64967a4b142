package dev.kiln.stages.codegen;

import dev.kiln.kernels.conv.ConvolutionSpec;
import dev.kiln.kernels.conv.ConvolutionTemplate;
import dev.kiln.kernels.conv.DepthwiseSpec;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.GemmTemplate;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import dev.kiln.stages.schedule.KernelGroup;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Writes a convolution with its epilogue: one variant a register block, or the depthwise template. */
final class ConvolutionKernel implements TemplateKernel {
    private static final int REGISTER_BLOCKS = 2;

    private final LoopNode.Convolution node;
    private final KernelNames names;
    private final List<String> symbols;
    private final ShapeEnv shapes;
    private final String epilogue;

    ConvolutionKernel(KernelGroup.Template group, List<String> symbols, Function<String, Buffer> buffers,
            ShapeEnv shapes) {
        this.node = (LoopNode.Convolution) group.node();
        this.names = new KernelNames(buffers);
        this.symbols = symbols;
        this.shapes = shapes;
        names.pointer(node.input().buffer());
        names.pointer(node.weight());
        SymInt place = SymInt.symbol("i0").times(node.n()).plus(SymInt.symbol("i1"));
        this.epilogue = GemmTemplate.prelude() + new EpilogueWriter(group, names, DType.F32).write(symbols, "float", place);
    }

    @Override
    public Kernel.Kind kind() {
        return Kernel.Kind.CONVOLUTION;
    }

    @Override
    public List<String> arguments() {
        return names.arguments();
    }

    @Override
    public boolean hasConstantWeight() {
        return true;
    }

    @Override
    public boolean weightTransposed() {
        return true;
    }

    @Override
    public String identity() {
        return epilogue + launch(0) + node.window() + ' ' + node.channels() + ' ' + node.n() + ' ' + node.groups();
    }

    @Override
    public List<Variant> variants(CodegenTarget target) {
        return node.isDepthwise() ? List.of(depthwise(target)) : MicroGemm.table(target.isa(), ElementType.F32).stream()
            .sorted(Comparator.comparing(this::cost)).limit(target.searchesAll() ? Integer.MAX_VALUE : REGISTER_BLOCKS).map(m -> dense(m, target)).toList();
    }

    /** Cycles that the register block needs for a row of output and one step of k, by what bounds it. */
    private double cost(MicroGemm micro) {
        long columns = shapes.hint(node.output().sizes().get(2));
        long tiles = Math.ceilDiv(columns, micro.mr());
        long rows = Math.ceilDiv(columns, tiles);
        int vectors = micro.vectorsPerRow();
        double arithmetic = rows * vectors;
        double loads = rows + vectors;
        return tiles * Math.ceilDiv(outputs(), micro.nr()) * (Math.max(arithmetic, loads) + 0.1 * loads);
    }

    private int channels() {
        return (int) (node.channels() / node.groups());
    }

    private int outputs() {
        return (int) (node.n() / node.groups());
    }

    private Variant dense(MicroGemm micro, CodegenTarget target) {
        ConvolutionSpec spec = ConvolutionSpec.of("KERNEL", micro, node.window(), channels(), outputs(),
            target.caches().l2());
        PackedWeight packing = spec.packing(node.groups());
        String label = "kiln_conv_" + micro.mr() + "x" + micro.nr() + "_kc" + spec.depth();
        return new Variant(label, "KERNEL", epilogue + ConvolutionTemplate.render(spec)
            + launch(packing.groupBytes() / Float.BYTES), Set.of(spec.microKernels()), Optional.of(packing), List.of());
    }

    private Variant depthwise(CodegenTarget target) {
        DepthwiseSpec spec = DepthwiseSpec.of("KERNEL", target.isa().vectorBytes(), node.window(),
            (int) node.channels(), shapes.hint(node.output().sizes().get(2)));
        return new Variant("kiln_depthwise_" + spec.tile() + "x" + spec.nr(), "KERNEL", epilogue
            + ConvolutionTemplate.render(spec) + launch(0), Set.of(), Optional.of(spec.packing()), List.of());
    }

    @Override
    public Variant reference() {
        long weights = (long) outputs() * channels() * node.window().taps();
        return new Variant("reference", "KERNEL", epilogue
            + ReferenceConvolution.render(node.window(), channels(), outputs()) + launch(weights), Set.of(),
            Optional.empty(), List.of());
    }

    /** @param groupWeights elements between the weights of two groups */
    private String launch(long groupWeights) {
        List<SymInt> strides = node.input().strides();
        boolean depthwise = node.isDepthwise() && groupWeights == 0;
        String sizes = node.input().sizes().subList(0, 3).stream().map(this::print).collect(Collectors.joining(", "))
            + ", " + print(node.output().sizes().get(1)) + ", " + print(node.output().sizes().get(2));
        String xs = strides.stream().map(this::print).collect(Collectors.joining(", "));
        String offset = print(node.input().offset());
        return "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.index().declarations(symbols, "  ")
            + "  const float* x = (const float*)args->p[0] + " + offset + ";\n"
            + "  const float* b = (const float*)args->p[1];\n  const int64_t xs[4] = {" + xs + "};\n"
            + "  for (int64_t g = 0; g < " + (depthwise ? 1 : node.groups()) + "; g++)\n    KERNEL(args->call, x + g * "
            + channels() + " * xs[3], xs, " + sizes + ", b + g * " + groupWeights
            + ", (char*)args->scratch, args->scratch_bytes, g * " + outputs() + ", (void*)args);\n}\n";
    }

    private String print(SymInt expression) {
        return "(" + names.index().print(expression) + ")";
    }

    @Override
    public String op() {
        return "convolution";
    }

    @Override
    public Operand input() {
        return node.input();
    }

    @Override
    public List<String> operands(ShapeEnv env) {
        List<SymInt> input = node.input().sizes();
        String x = input.stream().map(s -> Long.toString(env.hint(s))).collect(Collectors.joining("x"));
        return List.of(x, node.n() + "x" + channels() + "x" + node.window());
    }

    @Override
    public long depth() {
        return (long) channels() * node.window().taps();
    }

    @Override
    public SymInt products() {
        return node.m().times(node.n()).times(depth());
    }

    /** The window of one row of output, or what leaves room for weights in the cache. */
    @Override
    public SymInt scratch() {
        int width = node.isDepthwise() ? DepthwiseSpec.MAX_WIDTH : channels();
        long one = ConvolutionTemplate.windowBytes(node.window(), 1, width);
        long step = ConvolutionTemplate.windowBytes(node.window(), 2, width) - one;
        SymInt row = node.output().sizes().get(2).plus(-1).times(step).plus(one);
        SymInt room = SymInt.of(ConvolutionSpec.WINDOW_BYTES);
        return shapes.provablyAtMost(row, room) ? room : row.max(room);
    }
}
