package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.stages.trace.pt2.archive.TorchTypes;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramGraph;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeSet;

/** Translates a graph's nodes in order, sub-graphs in their place; says which node is at fault if one cannot be. */
final class GraphTranslator {
    private final GraphBuilder builder;
    private final Symbols symbols;
    private final SubGraphs subGraphs;

    GraphTranslator(GraphBuilder builder, Symbols symbols) {
        this.builder = builder;
        this.symbols = symbols;
        subGraphs = new SubGraphs(this, builder, symbols);
    }

    /** Refuses a graph with operators that Kiln lacks; names all of them. */
    static void requireSupported(ProgramGraph graph) {
        TreeSet<String> unknown = new TreeSet<>();
        collectUnknown(graph, unknown);
        if (!unknown.isEmpty()) {
            throw new KilnException.Unsupported((unknown.size() == 1 ? "operator " : "operators ")
                + String.join(", ", unknown) + (unknown.size() == 1 ? " is" : " are") + " not supported");
        }
    }

    private static void collectUnknown(ProgramGraph graph, TreeSet<String> unknown) {
        for (ProgramNode node : graph.nodes()) {
            Optional<HigherOrderOps.Inlined> inlined = HigherOrderOps.find(node);
            Optional<HigherOrderOps.Choice> choice = HigherOrderOps.choice(node);
            if (inlined.isPresent()) {
                collectUnknown(inlined.get().body().graph(), unknown);
            } else if (choice.isPresent()) {
                collectUnknown(choice.get().then().graph(), unknown);
                collectUnknown(choice.get().otherwise().graph(), unknown);
            } else if (Targets.find(node.target()).isEmpty()) {
                unknown.add(Targets.name(node.target()));
            }
        }
    }

    void run(Scope scope) {
        for (ProgramNode node : scope.graph().nodes()) {
            String name = names(node.outputs()).stream().findFirst().orElse("");
            String label = "node " + (name.isEmpty() ? "" : "'" + name + "' ") + "(" + Targets.name(node.target())
                + "): ";
            try {
                String source = node.source().isEmpty() ? name : node.source();
                builder.from(source.isEmpty() ? List.of() : List.of(source));
                translate(scope, node);
            } catch (KilnException.Unsupported e) {
                throw new KilnException.Unsupported(label + e.getMessage());
            } catch (KilnException.BadInput | IllegalArgumentException | ArithmeticException e) {
                throw new KilnException.BadInput(label + e.getMessage(), e);
            } catch (IndexOutOfBoundsException | NoSuchElementException | NegativeArraySizeException
                    | ClassCastException | IllegalStateException e) {
                throw new KilnException.BadInput(label + "its arguments do not fit it", e);
            }
        }
    }

    private void translate(Scope scope, ProgramNode node) {
        Optional<HigherOrderOps.Inlined> inlined = HigherOrderOps.find(node);
        if (inlined.isPresent()) {
            subGraphs.inline(scope, node, inlined.get());
            return;
        }
        Optional<HigherOrderOps.Choice> choice = HigherOrderOps.choice(node);
        if (choice.isPresent()) {
            subGraphs.choose(scope, node, choice.get());
            return;
        }
        NodeCall call = new NodeCall(node, scope, builder, symbols);
        Translator translator = Targets.find(node.target()).orElseThrow();
        List<Bound> results = translator.translate(call);
        List<String> names = names(node.outputs());
        for (int i = 0; i < names.size(); i++) {
            Bound result = i < results.size() ? results.get(i) : new Bound.Missing(Targets.name(node.target()));
            define(call, names.get(i), i, results, translator);
            requireAsDeclared(scope, names.get(i), result);
            bindDeclared(scope, names.get(i), result);
        }
    }

    private static void define(NodeCall call, String name, int position, List<Bound> results, Translator translator) {
        if (position >= results.size()) {
            call.scope().define(name, new Bound.Missing(Targets.name(call.node().target())));
            return;
        }
        Bound result = results.get(position);
        Optional<String> first = InPlaceOps.target(call);
        boolean inPlace = first.isPresent() && Targets.isInPlace(call.node().target());
        Optional<View> view = first.isPresent() && result instanceof Bound.Plain(Arg.Ref ref)
            ? new Views(call, translator, results).of(position) : Optional.empty();
        if (inPlace && !InPlaceOps.isReshaping(call)) {
            call.scope().defineSame(name, call.scope(), first.get());
        } else if (view.isPresent()) {
            call.scope().defineView(name, result, first.get(), view.get());
        } else {
            call.scope().define(name, result);
        }
        if (inPlace && InPlaceOps.isReshaping(call)) {
            call.scope().redefine(first.get(), name);
        }
    }

    /** The names in a list of values, in order; a literal has none. */
    static List<String> names(List<Argument> values) {
        List<String> names = new ArrayList<>();
        for (Argument value : values) {
            switch (value) {
                case Argument.Tensor(String name) -> names.add(name);
                case Argument.Tensors(List<String> list) -> names.addAll(list);
                case Argument.OptionalTensors(List<Optional<String>> list) ->
                    list.forEach(n -> n.ifPresent(names::add));
                case Argument.SymScalar(String name) -> names.add(name);
                case Argument.SymInt(Argument.SymIntArg.Name(String name)) -> names.add(name);
                default -> {
                }
            }
        }
        return names;
    }

    /** Symbols of the file that a result's sizes, or a number, give a value to. */
    private void bindDeclared(Scope scope, String name, Bound result) {
        TensorMeta meta = scope.graph().tensors().get(name);
        if (meta != null && result instanceof Bound.Plain(Arg.Ref ref)) {
            for (int d = 0; d < meta.sizes().size(); d++) {
                symbols.bind(meta.sizes().get(d), builder.tensor(ref).size(d));
            }
        } else if (result instanceof Bound.Plain(Arg.Int(SymInt value))) {
            symbols.bind(scope.graph().symInts().get(name), value);
        }
    }

    /** What the file says about a value must be what the operator gives. */
    void requireAsDeclared(Scope scope, String name, Bound result) {
        TensorMeta meta = scope.graph().tensors().get(name);
        if (meta == null || !(result instanceof Bound.Plain(Arg.Ref ref))) {
            return;
        }
        FakeTensor type = builder.tensor(ref);
        boolean same = TorchTypes.numbered("value '" + name + "'", meta.dtype()) == type.dtype()
            && meta.sizes().size() == type.rank();
        for (int d = 0; same && d < type.rank(); d++) {
            same = !(meta.sizes().get(d) instanceof SizeExpr.Known(long size)) || !type.size(d).isConstant()
                || type.size(d).is(size);
        }
        if (!same) {
            throw new KilnException.BadInput("it gives " + type + ", the file says "
                + TorchTypes.numbered("value", meta.dtype()) + " of " + meta.sizes().stream().map(s -> switch (s) {
                    case SizeExpr.Known(long value) -> Long.toString(value);
                    case SizeExpr.Expression e -> e.text();
                }).toList());
        }
    }
}
