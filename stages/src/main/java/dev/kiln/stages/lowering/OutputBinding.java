package dev.kiln.stages.lowering;

import dev.kiln.ops.graph.Graph;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Gives each graph output a contiguous buffer of its own: the one it lies in, if it fills that, else a copy. */
final class OutputBinding {
    private final GraphLowering lowering;
    private final Set<String> taken = new HashSet<>();

    OutputBinding(GraphLowering lowering) {
        this.lowering = lowering;
    }

    List<Buffer> bind(List<Graph.Output> outputs) {
        List<Buffer> bound = new ArrayList<>();
        for (Graph.Output output : outputs) {
            Value value = lowering.value(output.value());
            bound.add(ownsItsBuffer(value) ? promote((Value.Strided) value) : copy(output, value));
        }
        return bound;
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
        Set<String> origins = new java.util.LinkedHashSet<>(lowering.origins(output.value()));
        origins.add(output.value().node());
        lowering.fill(buffer, value, origins);
        return buffer;
    }
}
