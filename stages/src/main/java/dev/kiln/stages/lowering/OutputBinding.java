package dev.kiln.stages.lowering;

import dev.kiln.ops.graph.Graph;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Gives each graph output a contiguous buffer of its own: the one it lies in, if it fills that, else a copy. */
final class OutputBinding {
    private final GraphLowering lowering;
    private final Set<String> copied;
    private final Set<String> taken = new HashSet<>();

    /** @param copied names of outputs that must be copies of values in memory of their own */
    OutputBinding(GraphLowering lowering, Set<String> copied) {
        this.lowering = lowering;
        this.copied = copied;
    }

    List<Buffer> bind(List<Graph.Output> outputs) {
        List<Buffer> bound = new ArrayList<>();
        for (Graph.Output output : outputs) {
            bound.add(bind(output, lowering.value(output.value())));
        }
        return bound;
    }

    private Buffer bind(Graph.Output output, Value value) {
        if (copied.contains(output.name())) {
            return copy(output, inMemory(output, value));
        }
        return ownsItsBuffer(value) ? promote((Value.Strided) value) : copy(output, value);
    }

    private Value inMemory(Graph.Output output, Value value) {
        boolean lies = value instanceof Value.Strided s && s.buffer().kind() != Buffer.Kind.INPUT;
        if (lies) {
            return value;
        }
        Buffer buffer = lowering.allocate(output.value().node() + "_new", value.dtype(), value.sizes());
        lowering.fill(buffer, value, origins(output));
        return GraphLowering.whole(buffer);
    }

    private boolean ownsItsBuffer(Value value) {
        return value instanceof Value.Strided s && s.buffer().kind() == Buffer.Kind.INTERMEDIATE
            && s.offset().is(0) && s.strides().equals(dev.kiln.ops.graph.FakeTensor.contiguousStrides(s.sizes()))
            && s.buffer().numel().equals(dev.kiln.ops.shape.SymInt.product(s.sizes()))
            && taken.add(s.buffer().name());
    }

    private Buffer promote(Value.Strided value) {
        Buffer output = value.buffer().as(Buffer.Kind.OUTPUT);
        lowering.redeclare(output);
        return output;
    }

    private Buffer copy(Graph.Output output, Value value) {
        Buffer buffer = lowering.declare(GraphLowering.contiguous(output.value().node() + "_out", Buffer.Kind.OUTPUT,
            value.dtype(), value.sizes()));
        lowering.fill(buffer, value, origins(output));
        return buffer;
    }

    private Set<String> origins(Graph.Output output) {
        Set<String> origins = new LinkedHashSet<>(lowering.origins(output.value()));
        origins.add(output.value().node());
        return origins;
    }
}
