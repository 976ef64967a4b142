package dev.kiln.bench;

import dev.kiln.CompileListener;
import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.cli.CommonOptions;
import dev.kiln.cli.KilnCommand;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.Precision;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.PostGradPasses;
import dev.kiln.stages.quantization.FloatLinear;
import dev.kiln.stages.quantization.FloatLinear.Loss;
import dev.kiln.stages.trace.TracePhase;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln accuracy}: what a precision costs, against fp32 on the same inputs. */
@Command(description = "Compares a model in --precision with the same in fp32: outputs, and weights of linears.")
public final class AccuracyCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions options;

    @Option(names = "--input", paramLabel = "NAME=F.npy",
            description = "An input; those that are not given are random. Repeatable.")
    private List<String> files = new ArrayList<>();

    @Option(names = "--seed", defaultValue = "0", description = "Seed of the random inputs.")
    private long seed;

    @Parameters(paramLabel = "MODEL", description = "An .onnx or .pt2 file.")
    private Path model;

    @Override
    public String name() {
        return "accuracy";
    }

    @Override
    public Integer call() {
        CompileRequest request = options.request(model);
        Precision precision = request.options().precision();
        if (precision == Precision.FP32) {
            throw new KilnException.BadInput("nothing to compare: choose --precision bf16, int8-woq or int4-woq");
        }
        CompileRequest exact = withPrecision(request, Precision.FP32);
        Map<String, Tensor> given = read();
        try (Kiln kiln = Kiln.open(options.config(CompileListener.SILENT));
                CompiledModel right = kiln.compileBlocking(exact);
                CompiledModel changed = kiln.compileBlocking(request)) {
            Map<String, Tensor> inputs = inputs(right, given);
            Map<String, Tensor> expected = right.run(inputs);
            Map<String, Tensor> actual = changed.run(inputs);
            List<OutputError> errors = new ArrayList<>();
            expected.forEach((name, tensor) -> errors.add(OutputError.of(name, tensor, actual.get(name))));
            AccuracyReport report = new AccuracyReport(precision, errors, losses(exact, precision));
            PrintWriter out = spec.commandLine().getOut();
            out.println(options.json() ? Json.write(report.json()) : report.text());
            out.flush();
        }
        return 0;
    }

    private static CompileRequest withPrecision(CompileRequest request, Precision precision) {
        CompileOptions options = request.options().withPrecision(precision);
        return new CompileRequest(request.model(), request.trace(), options);
    }

    private static List<Loss> losses(CompileRequest exact, Precision precision) {
        PassContext context = new PassContext(exact.options(), new Decisions());
        return FloatLinear.losses(PostGradPasses.run(TracePhase.run(exact).graph(), context), precision);
    }

    private Map<String, Tensor> read() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String file : files) {
            int at = file.lastIndexOf('=');
            if (at <= 0 || !Files.isReadable(Path.of(file.substring(at + 1)))) {
                throw new KilnException.BadInput("--input " + file + ": NAME=F.npy with a file that exists expected");
            }
            tensors.put(file.substring(0, at), Npy.read(Path.of(file.substring(at + 1))));
        }
        return tensors;
    }

    /** What is given, and random values for the rest. */
    private Map<String, Tensor> inputs(CompiledModel compiled, Map<String, Tensor> given) {
        List<InputSpec> missing = compiled.inputs().stream().filter(i -> !given.containsKey(i.name()))
                .map(KilnEngine::spec).toList();
        Map<String, Tensor> inputs = new LinkedHashMap<>(given);
        inputs.putAll(new InputMaker(seed).make(missing, Map.of()));
        return inputs;
    }
}
