package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.LinearSize;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.OpenSizes;
import dev.kiln.stages.trace.OpenSizes.Range;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.TorchTypes;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.Program;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes placeholders of the user's inputs: pins first, then symbols, then the sizes that follow from them. */
final class UserInputs {
    private static final long FIRST_HINT = 8;
    private static final long OTHER_HINT = 128;
    /** An integer among the inputs: 64 bits, rank 0. */
    private static final TensorMeta INTEGER = new TensorMeta(5, List.of(), List.of(), new SizeExpr.Known(0),
        TensorMeta.STRIDED);

    private final GraphBuilder builder;
    private final Symbols symbols;
    private final TraceOptions options;
    private final Map<String, TensorMeta> inputs = new LinkedHashMap<>();
    /** Symbols that the user keeps open. */
    private final Set<String> kept = new HashSet<>();
    private final Map<String, Arg.Ref> numbers = new LinkedHashMap<>();

    UserInputs(GraphBuilder builder, Symbols symbols, TraceOptions options) {
        this.builder = builder;
        this.symbols = symbols;
        this.options = options;
    }

    /**
     * The tensors that callers pass, by their names in the graph. Literals among the inputs were fixed at export and
     * are not passed.
     */
    Map<String, Arg.Ref> define(Program program, List<Argument> users) {
        for (Argument user : users) {
            switch (user) {
                case Argument.Tensor(String name) -> inputs.put(name, meta(program, name));
                case Argument.SymInt(Argument.SymIntArg.Name(String name)) -> inputs.put(name, INTEGER);
                case Argument.SymScalar(String name) -> throw new KilnException.Unsupported("input '" + name
                    + "' is a float or bool that callers choose; only integers and tensors are supported");
                case Argument.CustomObject(String name, String type) -> throw new KilnException.Unsupported("input '"
                    + name + "' is a custom object (" + type + ")");
                default -> { }
            }
        }
        requireKnownNames();
        inputs.forEach(this::narrow);
        inputs.forEach(this::pin);
        inputs.forEach(this::pinDerived);
        inputs.forEach(this::defineSymbols);
        inputs.forEach(this::defineDerived);
        Map<String, Arg.Ref> tensors = new LinkedHashMap<>();
        inputs.forEach((name, meta) -> (meta == INTEGER ? numbers : tensors)
            .put(name, builder.placeholder(name, tensor(name, meta))));
        return tensors;
    }

    /** The integers that callers pass, as tensors of rank 0. */
    Map<String, Arg.Ref> numbers() {
        return numbers;
    }

    private static TensorMeta meta(Program program, String name) {
        TensorMeta meta = program.graph().tensors().get(name);
        if (meta == null) {
            throw new KilnException.BadInput("input '" + name + "' has no metadata");
        }
        if (meta.layout() != TensorMeta.STRIDED) {
            throw new KilnException.Unsupported("input '" + name + "' has a sparse layout");
        }
        return meta;
    }

    private void requireKnownNames() {
        for (Map<String, ?> option : List.of(options.pins(), options.hints(), options.values(),
                options.open().ranges())) {
            for (String name : option.keySet()) {
                if (!inputs.containsKey(name)) {
                    throw new KilnException.BadInput("there is no input \"" + name + "\"; the inputs are "
                        + inputs.keySet().stream().map(n -> '"' + n + '"').collect(Collectors.joining(", ")));
                }
            }
        }
    }

    /** Files the ranges that the user gives dimensions; those that the export has fixed cannot be open. */
    private void narrow(String name, TensorMeta meta) {
        options.open().requireDims(name, meta.sizes().size());
        for (int d = 0; d < meta.sizes().size(); d++) {
            Optional<Range> range = options.open().range(name, d);
            if (range.isPresent()) {
                int dim = d;
                String symbol = SymbolName.of(meta.sizes().get(d)).orElseThrow(() -> new KilnException.BadInput("input \""
                    + name + "\" has shape " + text(meta) + " in the export; dimension " + dim + " cannot be kept open"));
                symbols.narrow(symbol, range.get());
                kept.add(symbol);
            }
        }
    }

    /** Whether an open dimension is to have the size of its hint. */
    private boolean isFixed(String name, TensorMeta meta, int dim) {
        return options.open().fixed() && SymbolName.of(meta.sizes().get(dim)).filter(kept::contains).isEmpty();
    }

    private void pin(String name, TensorMeta meta) {
        List<Long> given = options.pins().get(name);
        if (given == null && options.values().containsKey(name)) {
            given = options.values().get(name).sizes();
        }
        if (given == null) {
            return;
        }
        boolean fits = given.size() == meta.sizes().size();
        for (int d = 0; fits && d < given.size(); d++) {
            Optional<String> symbol = SymbolName.of(meta.sizes().get(d));
            if (symbol.isPresent() && given.get(d) >= 0) {
                symbols.pin(symbol.get(), given.get(d));
            }
            fits = given.get(d) < 0 || !(meta.sizes().get(d) instanceof SizeExpr.Known(long size))
                || size == given.get(d);
        }
        if (!fits) {
            throw new KilnException.BadInput("input \"" + name + "\" has shape " + text(meta)
                + ", which does not admit " + given);
        }
    }

    private void defineSymbols(String name, TensorMeta meta) {
        List<Long> hints = options.hints().getOrDefault(name, List.of());
        if (!hints.isEmpty() && hints.size() != meta.sizes().size()) {
            throw new KilnException.BadInput("input \"" + name + "\" has shape " + text(meta)
                + ", which does not admit " + hints);
        }
        for (int d = 0; d < meta.sizes().size(); d++) {
            if (meta.sizes().get(d) instanceof SizeExpr.Expression(String text, OptionalLong exported)) {
                long usual = exported.orElse(d == 0 ? FIRST_HINT : OTHER_HINT);
                boolean given = !hints.isEmpty() && hints.get(d) > 0;
                long hint = given ? hints.get(d) : usual;
                Optional<String> symbol = SymbolName.of(meta.sizes().get(d));
                if (symbol.isPresent() && isFixed(name, meta, d) && !symbols.isKnown(symbol.get())) {
                    symbols.pin(symbol.get(), exported.isPresent() || given ? hint : OpenSizes.fixedAt(name, d, hints));
                } else {
                    symbol.ifPresent(s -> symbols.define(s, hint, given));
                }
            }
        }
    }

    /** Pins symbols of which only expressions are sizes: {@code s0} by {@code 2*s0}. */
    private void pinDerived(String name, TensorMeta meta) {
        List<Long> given = options.pins().getOrDefault(name, List.of());
        for (int d = 0; d < given.size(); d++) {
            Optional<LinearSize> line = given.get(d) < 0 ? Optional.empty() : line(meta.sizes().get(d));
            if (line.isPresent()) {
                symbols.pin(Symbols.name(line.get()), line.get().solve(given.get(d)).orElseThrow(() ->
                    new KilnException.BadInput("input \"" + name + "\" has shape " + text(meta)
                        + ", which does not admit " + given)));
            }
        }
    }

    /** Defines symbols of which only expressions are sizes; the call solves them for the symbol. */
    private void defineDerived(String name, TensorMeta meta) {
        List<Long> hints = options.hints().getOrDefault(name, List.of());
        for (int d = 0; d < meta.sizes().size(); d++) {
            Optional<LinearSize> line = line(meta.sizes().get(d));
            if (line.isPresent() && meta.sizes().get(d) instanceof SizeExpr.Expression e) {
                long usual = e.hint().orElse(d == 0 ? FIRST_HINT : OTHER_HINT);
                long hint = hints.isEmpty() || hints.get(d) <= 0 ? usual : hints.get(d);
                String symbol = Symbols.name(line.get());
                if (isFixed(name, meta, d)) {
                    symbols.pin(symbol, line.get().nearest(hint));
                } else {
                    symbols.define(symbol, line.get().nearest(hint), false);
                }
            }
        }
    }

    /** The size, if the only symbol in it is one that is not known. */
    private Optional<LinearSize> line(SizeExpr size) {
        SymInt open = symbols.open(size);
        return Symbols.openIn(open).isEmpty() ? Optional.empty() : LinearSize.of(open);
    }

    private FakeTensor tensor(String name, TensorMeta meta) {
        DType dtype = TorchTypes.numbered("input '" + name + "'", meta.dtype());
        List<SymInt> sizes = meta.sizes().stream().map(symbols::size).toList();
        List<Long> pin = options.pins().getOrDefault(name, List.of());
        for (int d = 0; d < sizes.size(); d++) {
            SymInt size = sizes.get(d);
            boolean possible = !size.isConstant() || size.asLong() >= 0;
            if (!possible || !pin.isEmpty() && pin.get(d) >= 0 && !size.is(pin.get(d))) {
                throw new KilnException.BadInput("input \"" + name + "\" has shape " + sizes
                    + (pin.isEmpty() ? ", which cannot be" : ", which does not admit " + pin));
            }
        }
        return FakeTensor.contiguous(dtype, sizes);
    }

    private static String text(TensorMeta meta) {
        return meta.sizes().stream().map(s -> switch (s) {
            case SizeExpr.Known(long value) -> Long.toString(value);
            case SizeExpr.Expression e -> SymbolName.of(e).orElse(e.text());
        }).collect(Collectors.joining(", ", "[", "]"));
    }
}
