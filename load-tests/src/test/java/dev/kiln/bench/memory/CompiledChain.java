package dev.kiln.bench.memory;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.codegen.CodeGenerator;
import dev.kiln.stages.codegen.CodegenTarget;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.ConstantLayout;
import dev.kiln.stages.codegen.NativeBuild;
import dev.kiln.stages.lowering.GraphLowering;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.PostGradPasses;
import dev.kiln.stages.schedule.Scheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Native code that is called on the same memory again and again. */
final class CompiledChain implements AutoCloseable {
    private static final Isa ISA = CpuInfo.detect().bestIsa();

    private final GraphLibrary library;
    private final NativeGraph code;
    private final MemorySegment[] inputs;
    private final ConstantValue output;
    private final String source;

    private CompiledChain(KilnRuntime runtime, byte[] object, List<MemorySegment> constants,
            List<ConstantValue> inputs, ConstantValue output, String source) {
        this.library = GraphLibrary.open(runtime, write(object), ISA);
        this.code = library.bind(constants, List.of());
        this.inputs = inputs.stream().map(ConstantValue::data).toArray(MemorySegment[]::new);
        this.output = output;
        this.source = source;
    }

    static KilnRuntime runtime(int threads) {
        byte[] object = compiler().compileAll(KilnRuntime.sourceUnits(), CpuTarget.of(ISA), Deadline.none());
        return KilnRuntime.open(write(object), ISA, threads);
    }

    /** A graph through all phases. */
    static CompiledChain of(KilnRuntime runtime, MemoryChain chain, List<ConstantValue> inputs) {
        Graph graph = PostGradPasses.run(chain.graph(), new PassContext(CompileOptions.defaults(), new Decisions()));
        CodegenTarget target = CodegenTarget.of(ISA, CpuInfo.detect(), Set.of());
        GeneratedCode code = CodeGenerator.generate(graph, Scheduler.schedule(GraphLowering.lower(graph)), target);
        Map<String, Kernel.Variant> chosen = new LinkedHashMap<>();
        code.kernels().forEach(k -> chosen.put(k.name(), k.variants().getFirst()));
        NativeBuild.Binary binary = NativeBuild.build(code, chosen, CpuTarget.of(ISA), compiler(), Deadline.none());
        FakeTensor result = graph.tensor(graph.outputs().getFirst().value());
        ConstantValue output = Memory.allocate(result.dtype(),
            result.sizes().stream().map(s -> s.asLong()).toList());
        return new CompiledChain(runtime, binary.sharedObject(),
            NativeBuild.constants(code, chosen).stream().map(ConstantLayout::copy).toList(), inputs, output, binary.sources());
    }

    /** Hand-written C with the entry points of a graph. */
    static CompiledChain of(KilnRuntime runtime, String c, List<ConstantValue> inputs, ConstantValue output) {
        byte[] object = compiler().compileAll(List.of(new dev.kiln.kernels.toolchain.CompileUnit("bandwidth", c)),
            CpuTarget.of(ISA), Deadline.none());
        return new CompiledChain(runtime, object, List.of(), inputs, output, c);
    }

    void run(long... syms) {
        code.call(syms, inputs, new MemorySegment[] {output.data()});
    }

    ConstantValue output() {
        return output;
    }

    String source() {
        return source;
    }

    private static NativeCompiler compiler() {
        return NativeCompiler.shared();
    }

    private static Path write(byte[] object) {
        try {
            Path file = Files.createTempFile("kiln-bench", ".so");
            file.toFile().deleteOnExit();
            return Files.write(file, object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        code.close();
        library.close();
    }
}
