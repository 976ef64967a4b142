package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The values of a joint graph in its order, and what the partitioners ask of them. A call of several outputs is a value
 * of its own (the tuple, which is never saved), which its outputs are read from.
 */
final class JointValues {
    /** Farther from the backward graph than any value that it needs. */
    static final int UNREACHABLE = 1_000_000_000;
    private static final int TUPLE = -1;

    /** A value; the class is that of the call it comes from. */
    record Value(int index, Arg.Ref ref, Node node, OpClass kind) {
        boolean isTuple() {
            return ref.output() == TUPLE;
        }

        boolean isItem() {
            return !isTuple() && node.outputs().size() > 1;
        }

        boolean isPlaceholder() {
            return node instanceof Node.Placeholder;
        }
    }

    private final JointGraph joint;
    private final List<Value> values = new ArrayList<>();
    private final Map<Arg.Ref, Integer> places = new HashMap<>();
    private final List<List<Integer>> inputs = new ArrayList<>();
    private final List<List<Integer>> users = new ArrayList<>();
    private final boolean[] forward;
    private final boolean[] backward;
    private final boolean[] primal;
    private final int[] distance;

    JointValues(JointGraph joint) {
        this.joint = joint;
        Graph graph = joint.graph();
        ShapeEnv scratch = graph.shapes().copy();
        for (Node node : graph.nodes()) {
            if (node instanceof Node.Call call) {
                addCall(call, OpClass.of(call, graph::tensor, scratch));
            } else {
                add(Arg.ref(node.name()), node, OpClass.POINTWISE, List.of());
            }
        }
        forward = new boolean[values.size()];
        backward = new boolean[values.size()];
        primal = new boolean[values.size()];
        distance = new int[values.size()];
        classify();
    }

    private void addCall(Node.Call call, OpClass kind) {
        Set<Integer> read = new LinkedHashSet<>();
        call.inputs().forEach(r -> read.add(places.get(r)));
        if (call.outputs().size() == 1) {
            add(Arg.ref(call.name()), call, kind, List.copyOf(read));
            return;
        }
        int tuple = add(new Arg.Ref(call.name(), TUPLE), call, kind, List.copyOf(read));
        for (int i = 0; i < call.outputs().size(); i++) {
            add(new Arg.Ref(call.name(), i), call, kind, List.of(tuple));
        }
    }

    private int add(Arg.Ref ref, Node node, OpClass kind, List<Integer> read) {
        int index = values.size();
        values.add(new Value(index, ref, node, kind));
        places.put(ref, index);
        inputs.add(read);
        users.add(new ArrayList<>());
        read.forEach(r -> users.get(r).add(index));
        return index;
    }

    private void classify() {
        for (Graph.Output output : joint.forward()) {
            forward[place(output.value())] = true;
        }
        for (int v = values.size() - 1; v >= 0; v--) {
            if (forward[v]) {
                inputs.get(v).forEach(i -> forward[i] = true);
            }
        }
        for (int v = 0; v < values.size(); v++) {
            boolean placeholder = values.get(v).node() instanceof Node.Placeholder;
            boolean tangent = values.get(v).node() instanceof Node.Placeholder p && joint.isTangent(p.source());
            primal[v] = placeholder && !tangent;
            backward[v] = tangent || inputs.get(v).stream().anyMatch(i -> backward[i]);
        }
        Arrays.fill(distance, 0);
        for (int v = values.size() - 1; v >= 0; v--) {
            if (forward[v]) {
                distance[v] = users.get(v).stream().mapToInt(u -> distance[u] + 1).min().orElse(UNREACHABLE);
                distance[v] = Math.min(distance[v], UNREACHABLE);
            }
        }
    }

    /** Values that are gradients to give out though no tangent is in them. */
    Set<Integer> gradients() {
        Set<Integer> found = new LinkedHashSet<>();
        joint.backward().forEach(o -> found.add(place(o.value())));
        found.removeIf(v -> backward[v]);
        return found;
    }

    JointGraph joint() {
        return joint;
    }

    List<Value> all() {
        return values;
    }

    Value get(int index) {
        return values.get(index);
    }

    int place(Arg.Ref ref) {
        return places.get(ref);
    }

    List<Integer> inputs(int value) {
        return inputs.get(value);
    }

    List<Integer> users(int value) {
        return users.get(value);
    }

    /** Whether the forward outputs need it. */
    boolean isForward(int value) {
        return forward[value];
    }

    /** Whether it depends on a tangent, so that only the backward graph can compute it. */
    boolean isBackward(int value) {
        return backward[value];
    }

    boolean isPrimal(int value) {
        return primal[value];
    }

    /** How many calls lie between it and the backward graph. */
    int distance(int value) {
        return distance[value];
    }

    FakeTensor tensor(int value) {
        return joint.graph().tensor(values.get(value).ref());
    }

    /** Elements, by the hints of open sizes. */
    long numel(int value) {
        return joint.graph().shapes().hint(tensor(value).numel());
    }

    /** Bytes of a value by the hints of open sizes; of a tuple, those of its items. */
    long bytes(int value) {
        return values.get(value).isTuple() ? users(value).stream().mapToLong(this::bytes).sum()
            : numel(value) * tensor(value).dtype().bytes();
    }

    /** Whether it has the elements of its input under other indices. */
    boolean isView(int value) {
        Value v = values.get(value);
        return v.kind() == OpClass.VIEW && v.node().outputs().size() == 1 && inputs.get(value).size() == 1;
    }

    /** What a chain of views begins with; itself if it is no view. */
    int base(int value) {
        int base = value;
        while (isView(base)) {
            base = inputs.get(base).getFirst();
        }
        return base;
    }

    /** Whether a kernel may compute both: joins may end one, but nothing is fused after them. */
    boolean areFusible(int producer, int consumer) {
        if (isJoin(consumer)) {
            return true;
        }
        return !isJoin(producer) && isFusible(producer) && isFusible(consumer);
    }

    private boolean isFusible(int value) {
        return values.get(value).node() instanceof Node.Call && values.get(value).kind().isFusible();
    }

    private boolean isJoin(int value) {
        return values.get(value).node() instanceof Node.Call call && call.is("aten.cat.default");
    }

    /** Users, with those of views in place of the views. */
    List<Integer> usersThroughViews(int value) {
        List<Integer> found = new ArrayList<>();
        for (int user : users(value)) {
            if (isView(user)) {
                found.addAll(usersThroughViews(user));
            } else {
                found.add(user);
            }
        }
        return found;
    }
}
