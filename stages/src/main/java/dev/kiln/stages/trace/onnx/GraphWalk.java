package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import dev.kiln.ops.KilnException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/** Translates a graph's nodes one after the other, and says which node is at fault when one cannot be. */
final class GraphWalk {
    private final ImportContext context;
    private final GraphProto graph;

    GraphWalk(ImportContext context, GraphProto graph) {
        this.context = context;
        this.graph = graph;
    }

    void run(List<OnnxNode> nodes) {
        for (OnnxNode node : nodes) {
            requireInputs(node);
            context.builder().from(List.of(node.label()));
            bind(node, translate(node));
        }
    }

    private List<Value> translate(OnnxNode node) {
        NodeImport call = new NodeImport(node.proto(), context);
        try {
            Optional<List<Value>> folded = ShapeFolding.fold(node.op(), call);
            return folded.isPresent() ? folded.get()
                : OnnxOps.find(node.proto()).orElseThrow().translate(call);
        } catch (KilnException.Unsupported e) {
            throw new KilnException.Unsupported(node + ": " + e.getMessage());
        } catch (KilnException.BadInput | IllegalArgumentException | ArithmeticException e) {
            throw new KilnException.BadInput(node + ": " + e.getMessage(), e);
        } catch (IndexOutOfBoundsException | NoSuchElementException | NegativeArraySizeException e) {
            throw new KilnException.BadInput(node
                + ": its inputs or attributes lack elements that it needs", e);
        }
    }

    private void bind(OnnxNode node, List<Value> results) {
        List<String> outputs = node.proto().getOutputList();
        for (int i = 0; i < outputs.size(); i++) {
            String output = outputs.get(i);
            if (output.isEmpty()) {
                continue;
            }
            if (i < results.size()) {
                context.values().put(output, results.get(i));
            } else if (isRead(output)) {
                throw new KilnException.Unsupported(node + ": output " + (i + 1) + " (\"" + output
                    + "\") is not supported");
            }
        }
    }

    private boolean isRead(String name) {
        return graph.getOutputList().stream().anyMatch(o -> o.getName().equals(name))
            || graph.getNodeList().stream().anyMatch(n -> n.getInputList().contains(name));
    }

    private void requireInputs(OnnxNode node) {
        for (String input : node.proto().getInputList()) {
            if (input.isEmpty() || context.values().has(input)) {
                continue;
            }
            Optional<OnnxNode> producer = OnnxNode.of(graph).stream()
                .filter(n -> n.proto().getOutputList().contains(input)).findFirst();
            throw new KilnException.BadInput(node + " reads \"" + input + "\", which " + producer.map(p -> p
                + " produces only later: the graph has a cycle or is not in topological order")
                .orElse("no node, input or initializer defines"));
        }
    }
}
