package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.postgrad.EliminateDeadCode;
import dev.kiln.stages.trace.TraceOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The trace phase for ONNX files: reads a model into a {@link Graph} of ATen overloads. Operator sets 7 to 23
 * are read as they are defined, older ones as far as their operators have a form of opset 6. Dynamic
 * dimensions become symbols, one for each {@code dim_param}; arithmetic on shapes is done here and leaves no
 * nodes behind. Weights are views of the memory-mapped file where their address allows it. Every call names
 * the ONNX node that it comes from.
 *
 * <p>Errors are one line: {@link KilnException.BadInput} for a file that is damaged or not valid ONNX,
 * {@link KilnException.Unsupported} for valid models with something that Kiln lacks; all unsupported
 * operators are named at once.
 */
public final class OnnxImporter {
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private OnnxImporter() {
    }

    public static Graph importModel(Path file, TraceOptions options) {
        return importModel(ModelFile.open(file), options);
    }

    /**
     * Imports a model from its bytes, which must not change afterwards; {@code name} stands in error
     * messages.
     */
    public static Graph importModel(String name, byte[] model, TraceOptions options) {
        return importModel(ModelFile.of(name, model), options);
    }

    private static Graph importModel(ModelFile file, TraceOptions options) {
        try {
            return fitting(file, options);
        } catch (KilnException.Unsupported e) {
            throw new KilnException.Unsupported(file.name() + ": " + oneLine(e));
        } catch (KilnException.BadInput e) {
            throw new KilnException.BadInput(file.name() + ": " + oneLine(e), e);
        }
    }

    /** The message without line breaks and other control characters that names in the file may have. */
    private static String oneLine(KilnException e) {
        return CONTROL.matcher(e.getMessage()).replaceAll("?");
    }

    /** The first translation whose guessed hints fit; if there is none, the first error. */
    private static Graph fitting(ModelFile file, TraceOptions options) {
        GuessedHints guesses = new GuessedHints();
        KilnException.BadInput first = null;
        while (true) {
            try {
                return translate(file, options, guesses);
            } catch (KilnException.BadInput e) {
                first = first == null ? e : first;
                if (!guesses.improve(e)) {
                    throw first;
                }
            }
        }
    }

    private static Graph translate(ModelFile file, TraceOptions options, GuessedHints guesses) {
        int opset = file.opset();
        GraphProto model = file.model().getGraph();
        List<OnnxNode> live = LiveNodes.of(model);
        GraphBuilder builder = new GraphBuilder(new ShapeEnv(options.open().policy()));
        TensorReader reader = new TensorReader(new ExternalData(file.directory()));
        Values values = new Values(builder, options.values());
        for (TensorProto tensor : model.getInitializerList()) {
            values.put(tensor.getName(), new Value.Literal(() -> reader.read(tensor),
                QuantizedType.isFourBits(tensor.getDataType())));
        }
        guesses.start(builder.shapes());
        new GraphInputs(builder, values, options, guesses).define(model);
        new GraphWalk(new ImportContext(opset, builder, values, reader), model).run(live);
        for (ValueInfoProto output : model.getOutputList()) {
            if (!values.has(output.getName())) {
                throw new KilnException.BadInput("output \"" + output.getName()
                    + "\" is not produced by any node");
            }
            builder.output(output.getName(), values.tensor(output.getName()));
        }
        return EliminateDeadCode.run(builder.build());
    }
}
