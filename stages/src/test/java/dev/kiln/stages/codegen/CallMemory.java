package dev.kiln.stages.codegen;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.LinearSize;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Native memory of one call: inputs laid out by their placeholders' strides, outputs with a margin that a
 * kernel must not touch.
 */
final class CallMemory {
    private static final long MARGIN = 64;
    private static final byte UNTOUCHED = 0x5a;
    /** Lies around and between inputs: a kernel that uses it computes NaN. */
    private static final byte NOT_A_NUMBER = -1;

    private final Graph graph;
    private final Map<String, Long> symbols = new HashMap<>();
    private final MemorySegment[] inputs;
    private final MemorySegment[] outputs;

    private CallMemory(Graph graph, Map<String, ConstantValue> values) {
        this.graph = graph;
        List<Node.Placeholder> placeholders = graph.placeholders();
        placeholders.forEach(p -> bind(p.tensor(), values.get(p.source())));
        inputs = placeholders.stream().map(p -> layout(p.tensor(), values.get(p.source())))
            .toArray(MemorySegment[]::new);
        outputs = graph.outputs().stream().map(o -> graph.tensor(o.value()))
            .map(t -> filled(capacity(t), UNTOUCHED)).toArray(MemorySegment[]::new);
    }

    static CallMemory of(Graph graph, Map<String, ConstantValue> values) {
        return new CallMemory(graph, values);
    }

    /** Sizes that are linear in a symbol give its value. */
    private void bind(FakeTensor tensor, ConstantValue value) {
        for (int d = 0; d < tensor.rank(); d++) {
            long size = value.sizes().get(d);
            LinearSize.of(tensor.size(d)).ifPresent(l -> symbols.putIfAbsent(l.symbol(), l.solve(size).orElseThrow()));
        }
    }

    private long evaluate(SymInt size) {
        return size.evaluate(symbols::get);
    }

    /** Bytes; sizes that come from data count as large as they may be. */
    private long capacity(FakeTensor tensor) {
        return evaluate(graph.shapes().limit(tensor.numel()).orElseThrow()) * tensor.dtype().bytes();
    }

    /** Takes over the symbols' values after the call. */
    void readSymbols(long[] values) {
        List<ShapeEnv.Symbol> all = graph.shapes().symbols();
        for (int i = 0; i < all.size(); i++) {
            symbols.put(all.get(i).name(), values[i]);
        }
    }

    private long numel(FakeTensor tensor) {
        return evaluate(tensor.numel());
    }

    /** With a margin at both ends, of which the one in front is not part of the result. */
    private static MemorySegment filled(long bytes, byte content) {
        MemorySegment whole = Arena.ofAuto().allocate(bytes + 2 * MARGIN, 64).fill(content);
        return whole.asSlice(MARGIN);
    }

    private MemorySegment layout(FakeTensor tensor, ConstantValue value) {
        long[] strides = tensor.strides().stream().mapToLong(this::evaluate).toArray();
        long[] sizes = value.sizes().stream().mapToLong(Long::longValue).toArray();
        int bytes = tensor.dtype().bytes();
        long offset = evaluate(tensor.offset());
        long last = offset;
        for (int d = 0; d < strides.length; d++) {
            last += Math.max(0, sizes[d] - 1) * strides[d];
        }
        MemorySegment memory = filled((last + 1) * bytes, NOT_A_NUMBER);
        int dense = strides.length;
        long run = 1;
        while (dense > 0 && (strides[dense - 1] == run || sizes[dense - 1] == 1)) {
            run *= sizes[--dense];
        }
        for (long i = 0; i < value.numel(); i += run) {
            long rest = i / run;
            long place = offset;
            for (int d = dense - 1; d >= 0; d--) {
                place += rest % sizes[d] * strides[d];
                rest /= sizes[d];
            }
            MemorySegment.copy(value.data(), i * bytes, memory, place * bytes, run * bytes);
        }
        return memory;
    }

    long[] symbols() {
        return graph.shapes().symbols().stream().map(ShapeEnv.Symbol::name)
            .mapToLong(s -> symbols.getOrDefault(s, 0L)).toArray();
    }

    MemorySegment[] inputs() {
        return inputs;
    }

    MemorySegment[] outputs() {
        return outputs;
    }

    private static void requireUntouched(Graph.Output output, MemorySegment margin, String where) {
        for (long b = 0; b < margin.byteSize(); b++) {
            if (margin.get(ValueLayout.JAVA_BYTE, b) != UNTOUCHED) {
                throw new IllegalStateException("output " + output.name() + " was written " + where);
            }
        }
    }

    /** What the call has written. */
    Map<String, ConstantValue> results() {
        Map<String, ConstantValue> results = new LinkedHashMap<>();
        for (int i = 0; i < outputs.length; i++) {
            Graph.Output output = graph.outputs().get(i);
            FakeTensor tensor = graph.tensor(output.value());
            long bytes = numel(tensor) * tensor.dtype().bytes();
            requireUntouched(output, outputs[i].asSlice(capacity(tensor)), "past its end");
            requireUntouched(output, MemorySegment.ofAddress(outputs[i].address() - MARGIN).reinterpret(MARGIN),
                "before its start");
            results.put(output.name(), new ConstantValue(tensor.dtype(),
                tensor.sizes().stream().map(this::evaluate).toList(), outputs[i].asSlice(0, bytes)));
        }
        return results;
    }
}
