package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.TorchTypes;
import dev.kiln.stages.trace.pt2.schema.Program;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Makes placeholders of the user's inputs: pins first, then symbols, then the sizes that follow from them. */
final class UserInputs {
    private static final Pattern SYMBOL = Pattern.compile("\\s*(?:Symbol\\('(\\w+)'[^()]*\\)|([A-Za-z_]\\w*))\\s*");
    private static final long FIRST_HINT = 8;
    private static final long OTHER_HINT = 128;

    private final GraphBuilder builder;
    private final Symbols symbols;
    private final TraceOptions options;
    private final Map<String, TensorMeta> inputs = new LinkedHashMap<>();

    UserInputs(GraphBuilder builder, Symbols symbols, TraceOptions options) {
        this.builder = builder;
        this.symbols = symbols;
        this.options = options;
    }

    /** The tensors that callers pass, by their names in the graph. */
    Map<String, Arg.Ref> define(Program program, List<String> names) {
        names.forEach(name -> inputs.put(name, meta(program, name)));
        requireKnownNames();
        inputs.forEach(this::pin);
        inputs.forEach(this::defineSymbols);
        Map<String, Arg.Ref> refs = new LinkedHashMap<>();
        inputs.forEach((name, meta) -> refs.put(name, builder.placeholder(name, tensor(name, meta))));
        return refs;
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
        for (Map<String, ?> option : List.of(options.pins(), options.hints(), options.values())) {
            for (String name : option.keySet()) {
                if (!inputs.containsKey(name)) {
                    throw new KilnException.BadInput("there is no input \"" + name + "\"; the inputs are "
                        + inputs.keySet().stream().map(n -> '"' + n + '"').collect(Collectors.joining(", ")));
                }
            }
        }
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
            Optional<String> symbol = symbol(meta.sizes().get(d));
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
                long hint = !hints.isEmpty() && hints.get(d) > 0 ? hints.get(d) : usual;
                symbol(meta.sizes().get(d)).ifPresent(symbol -> symbols.define(symbol, hint));
            }
        }
    }

    /** The symbol that a size is, if it is nothing else. */
    private static Optional<String> symbol(SizeExpr size) {
        if (!(size instanceof SizeExpr.Expression e)) {
            return Optional.empty();
        }
        Matcher matcher = SYMBOL.matcher(e.text());
        return matcher.matches() ? Optional.of(matcher.group(1) != null ? matcher.group(1) : matcher.group(2))
            : Optional.empty();
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
            case SizeExpr.Expression e -> symbol(e).orElse(e.text());
        }).collect(Collectors.joining(", ", "[", "]"));
    }
}
