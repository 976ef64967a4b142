package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.Pt2Archive;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.InputSpec;
import dev.kiln.stages.trace.pt2.schema.OutputSpec;
import dev.kiln.stages.trace.pt2.schema.Program;
import dev.kiln.stages.trace.pt2.schema.ProgramReader;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The trace phase for {@code torch.export.save} files of PyTorch 2.1 to 2.11. Inputs and outputs have the names of
 * their graph values. Dynamic dimensions are symbols with the range of the export; parameters, buffers and constants
 * are views of the memory-mapped file where their place in it allows. A buffer or input that the model changes is
 * given back as one more output behind the model's own; it is not kept for the next call.
 *
 * <p>Errors are one line: {@link KilnException.BadInput} for a file that is damaged or contradicts itself,
 * {@link KilnException.Unsupported} for what Kiln lacks; all unsupported operators are named at once.
 */
public final class Pt2Importer {
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final Program program;
    private final GraphBuilder builder;
    private final Symbols symbols;
    private final Scope scope;
    private final Set<String> outputs = new HashSet<>();

    private Pt2Importer(Program program, ShapePolicy policy) {
        this.program = program;
        builder = new GraphBuilder(new ShapeEnv(policy));
        symbols = new Symbols(builder.shapes(), program.ranges());
        scope = new Scope(program.graph());
    }

    public static Graph importModel(Path file, TraceOptions options) {
        String name = String.valueOf(file.getFileName());
        try {
            Pt2Archive archive = Pt2Archive.open(file, options.program());
            return new Pt2Importer(ProgramReader.read(archive.program()), options.open().policy())
                .translate(archive, options);
        } catch (KilnException.Unsupported e) {
            throw new KilnException.Unsupported(message(name, e));
        } catch (KilnException.BadInput e) {
            throw new KilnException.BadInput(message(name, e), e);
        } catch (ArithmeticException | StackOverflowError e) {
            throw new KilnException.BadInput(name + ": its sizes are too large or too complicated", e);
        }
    }

    /** One line, without control characters that names in the file may have. */
    private static String message(String name, KilnException e) {
        String message = CONTROL.matcher(e.getMessage()).replaceAll("?");
        return message.startsWith(name) ? message : name + ": " + message;
    }

    private Graph translate(Pt2Archive archive, TraceOptions options) {
        GraphTranslator.requireSupported(program.graph());
        defineInputs(archive, options);
        new GraphTranslator(builder, symbols).run(scope);
        for (OutputSpec spec : program.outputs()) {
            if (spec instanceof OutputSpec.User(Argument value)) {
                output(value);
            }
        }
        for (OutputSpec spec : program.outputs()) {
            switch (spec) {
                case OutputSpec.User u -> { }
                case OutputSpec.Mutation(Argument value, String target) -> output(value);
                case OutputSpec.Foreign(Argument value, String kind) -> throw new KilnException.Unsupported(
                    "an output of kind " + kind + " is not supported");
            }
        }
        scope.changedInputs().forEach(name -> output(name, scope.tensor(name)));
        return builder.build();
    }

    private void defineInputs(Pt2Archive archive, TraceOptions options) {
        List<Argument> users = program.inputs().stream().filter(InputSpec.User.class::isInstance)
            .map(s -> ((InputSpec.User) s).value()).toList();
        UserInputs inputs = new UserInputs(builder, symbols, options);
        inputs.define(program, users).forEach(scope::defineInput);
        inputs.numbers().forEach(this::defineNumber);
        Constants constants = new Constants(builder, archive.weights(), program.graph().tensors());
        NodeCall literals = new NodeCall(null, scope, builder, symbols);
        for (InputSpec spec : program.inputs()) {
            switch (spec) {
                case InputSpec.User u -> { }
                case InputSpec.Parameter p -> scope.defineLater(p.input(), () -> constants.constant(p));
                case InputSpec.Buffer b -> scope.defineLater(b.input(), () -> constants.constant(b));
                case InputSpec.TensorConstant c -> scope.defineLater(c.input(), () -> constants.constant(c));
                case InputSpec.Constant(String name, Argument value) ->
                    scope.define(name, new Bound.Plain(literals.arg(value)));
                case InputSpec.Foreign(String kind, String name) ->
                    throw new KilnException.Unsupported("input '" + name + "' is of kind " + kind
                        + ", which is not supported");
            }
        }
    }

    /** An integer that callers pass as a tensor of rank 0, and that sizes may depend on. */
    private void defineNumber(String name, Arg.Ref input) {
        scope.define(name, new Bound.Plain(DataNumbers.bind(new NodeCall(null, scope, builder, symbols), input, name)));
    }

    private void output(Argument value) {
        switch (value) {
            case Argument.None n -> { }
            case Argument.Tensor(String name) -> output(name, scope.tensor(name));
            case Argument.Tensors(List<String> names) -> names.forEach(n -> output(n, scope.tensor(n)));
            case Argument.Text t -> { }
            default -> {
                List<String> names = GraphTranslator.names(List.of(value));
                Arg number = new NodeCall(null, scope, builder, symbols).arg(value);
                output(names.isEmpty() ? "output_" + outputs.size() : names.getFirst(),
                    number instanceof Arg.Ref ref ? ref : scalar(number));
            }
        }
    }

    /** A number that the model gives back, as a tensor of rank 0. */
    private Arg.Ref scalar(Arg number) {
        DType dtype = switch (number) {
            case Arg.Int i -> DType.I64;
            case Arg.Real r -> DType.F64;
            case Arg.Bool b -> DType.BOOL;
            default -> throw new KilnException.Unsupported("an output that is neither a tensor nor a number is not"
                + " supported");
        };
        return builder.call("aten.full.default", List.<SymInt>of(), number, dtype);
    }

    /** Outputs are named by their values; one that is given back twice gets a number. */
    private void output(String name, Arg.Ref value) {
        String unique = name;
        for (int i = 1; !outputs.add(unique); i++) {
            unique = name + "_" + i;
        }
        builder.output(unique, value);
    }
}
