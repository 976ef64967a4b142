package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Scan over a constant number of steps, one after the other. In opset 8 all tensors have a batch dimension first. */
final class ScanImport {
    private final NodeImport n;
    private final Subgraph body;
    private final int scanned;
    private final int states;
    private final int first;

    ScanImport(NodeImport n) {
        this.n = n;
        this.body = new Subgraph(n, "body");
        this.scanned = (int) n.attributes().requireInteger("num_scan_inputs");
        this.first = n.since(9) ? 0 : 1;
        this.states = n.inputs() - first - scanned;
    }

    List<Value> translate() {
        List<Arg.Ref> inputs = new ArrayList<>();
        for (int i = 0; i < states + scanned; i++) {
            inputs.add(n.tensor(first + i));
        }
        if (n.since(9)) {
            return run(inputs, listed("scan_input_axes"), listed("scan_input_directions"));
        }
        if (n.has(0)) {
            throw new KilnException.Unsupported("sequence_lens of Scan before opset 9 is not supported");
        }
        return batches(inputs);
    }

    private List<Value> batches(List<Arg.Ref> inputs) {
        long batch = n.shapes().specialize(n.type(inputs.getFirst()).size(0));
        List<List<Value>> results = new ArrayList<>();
        for (long b = 0; b < batch; b++) {
            long row = b;
            results.add(run(inputs.stream().map(x -> n.call("aten.select.int", x, 0, row)).toList(), new long[0],
                listed("directions")));
        }
        List<Value> stacked = new ArrayList<>();
        for (int o = 0; o < body.outputs(); o++) {
            int output = o;
            stacked.add(new Value.Tensor(stack(n, results.stream().map(r -> r.get(output)).toList(), 0)));
        }
        return stacked;
    }

    private long[] listed(String name) {
        return n.attributes().integers(name).orElse(new long[0]);
    }

    private static long at(long[] list, int index) {
        return index < list.length ? list[index] : 0;
    }

    private List<Value> run(List<Arg.Ref> inputs, long[] axes, long[] directions) {
        List<Value> state = new ArrayList<>();
        inputs.subList(0, states).forEach(x -> state.add(new Value.Tensor(x)));
        List<Arg.Ref> sequences = inputs.subList(states, inputs.size());
        int[] dims = new int[scanned];
        for (int i = 0; i < scanned; i++) {
            dims[i] = n.dim(at(axes, i), n.rank(sequences.get(i)));
        }
        long steps = n.shapes().specialize(n.type(sequences.getFirst()).size(dims[0]));
        List<List<Value>> outputs = new ArrayList<>();
        for (long t = 0; t < steps; t++) {
            List<Value> step = new ArrayList<>(state);
            for (int i = 0; i < scanned; i++) {
                long place = at(directions, i) == 0 ? t : steps - 1 - t;
                step.add(new Value.Tensor(n.call("aten.select.int", sequences.get(i), dims[i], place)));
            }
            List<Value> results = body.place(step);
            Collections.copy(state, results.subList(0, states));
            outputs.add(results.subList(states, results.size()));
        }
        List<Value> all = new ArrayList<>(state);
        for (int o = 0; o < body.outputs() - states; o++) {
            all.add(output(outputs, o));
        }
        return all;
    }

    private Value output(List<List<Value>> steps, int output) {
        if (steps.isEmpty()) {
            return empty(n, body.output(states + output));
        }
        List<Value> parts = new ArrayList<>(steps.stream().map(s -> s.get(output)).toList());
        if (n.since(9) && at(listed("scan_output_directions"), output) != 0) {
            Collections.reverse(parts);
        }
        return new Value.Tensor(stack(n, parts, n.since(9) ? at(listed("scan_output_axes"), output) : 0));
    }

    /** The parts along a new dimension. */
    static Arg.Ref stack(NodeImport n, List<Value> parts, long axis) {
        List<Arg.Ref> tensors = parts.stream().map(n.context().values()::tensor).toList();
        int dim = n.dim(axis, n.rank(tensors.getFirst()) + 1);
        List<Arg.Ref> wide = tensors.stream().map(t -> n.call("aten.unsqueeze.default", t, dim)).toList();
        return wide.size() == 1 ? wide.getFirst() : n.call("aten.cat.default", wide, dim);
    }

    /** What no iteration gives: the declared type with no elements. */
    static Value empty(NodeImport n, ValueInfoProto declared) {
        TypeProto.Tensor type = declared.getType().getTensorType();
        List<Long> sizes = new ArrayList<>(List.of(0L));
        for (Dimension dim : type.getShape().getDimList()) {
            if (!dim.hasDimValue()) {
                throw new KilnException.Unsupported("the output of a loop without iterations has no known shape");
            }
            sizes.add(dim.getDimValue());
        }
        ConstantValue none = ConstantValue.allocate(OnnxTypes.dtype(type.getElemType(), "a loop's output"), sizes);
        return new Value.Literal(() -> none);
    }
}
