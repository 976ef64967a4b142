package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.graph.NodeMeta;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.ParallelLinears.Operand;
import dev.kiln.stages.postgrad.ParallelLinears.Step;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Linears that read the same input ({@code x W_i + b_i} with constant W_i and b_i: query, key and value; of bytes with
 * zero points and scales) become one with the weights side by side, and slices of it.
 */
final class MergeParallelLinears implements Pass {
    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustPrecede(Stage.DECOMPOSED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        Map<String, ParallelLinears> byEnd = new HashMap<>();
        ParallelLinears.find(graph).forEach(linears ->
            linears.members().forEach(m -> byEnd.put(m.getLast().name(), linears)));
        Map<Arg.Ref, Arg.Ref> moved = new HashMap<>();
        Map<String, Arg.Ref> slices = new HashMap<>();
        return GraphRewriter.rewrite(graph, (builder, call) -> {
            List<Arg.Ref> before = ((Node.Call) graph.node(call.name())).inputs();
            for (int i = 0; i < before.size(); i++) {
                moved.put(before.get(i), call.inputs().get(i));
            }
            ParallelLinears linears = byEnd.get(call.name());
            if (linears == null) {
                return Optional.empty();
            }
            if (!slices.containsKey(call.name())) {
                new Merging(builder, moved, linears).write(slices);
                context.decisions().add("post-grad", linears.members().size() + " linears of "
                    + linears.members().getFirst().getFirst().arg(0) + " merged into one");
            }
            return Optional.of(List.of(slices.get(call.name())));
        });
    }

    /** @param moved what references became in the new graph */
    private record Merging(GraphBuilder builder, Map<Arg.Ref, Arg.Ref> moved, ParallelLinears linears) {

        void write(Map<String, Arg.Ref> slices) {
            List<Node.Call> first = linears.members().getFirst();
            builder.from(NodeMeta.of(linears.members().stream().flatMap(List::stream)
                .flatMap(c -> c.sources().stream()).distinct().toList())
                .withLowPrecisionBarrier(first.getLast().meta().lowPrecisionBarrier()));
            Arg.Ref merged = null;
            for (Step step : linears.steps()) {
                merged = call(step, merged);
            }
            long start = 0;
            for (int i = 0; i < linears.widths().size(); i++) {
                long end = start + linears.widths().get(i);
                slices.put(linears.members().get(i).getLast().name(),
                    builder.call("aten.slice.Tensor", merged, -1, start, end, 1));
                start = end;
            }
        }

        private Arg.Ref call(Step step, Arg.Ref before) {
            List<Arg> args = new ArrayList<>();
            for (Operand operand : step.operands()) {
                args.add(switch (operand) {
                    case Operand.Before b -> before;
                    case Operand.Shared(Arg.Ref ref) -> moved.getOrDefault(ref, ref);
                    case Operand.Columns(List<Node.Constant> parts) -> constant(parts);
                    case Operand.Computed(Step computed) -> call(computed, null);
                    case Operand.Setting(Arg arg) -> arg;
                });
            }
            return builder.call(step.op(), args);
        }

        private Arg.Ref constant(List<Node.Constant> parts) {
            List<ConstantValue> values = new ArrayList<>();
            for (int i = 0; i < parts.size(); i++) {
                values.add(widened(parts.get(i).value(), linears.widths().get(i)));
            }
            return builder.constant(parts.getFirst().name() + "_merged", sideBySide(values));
        }

        /** A single number as often as there are columns. */
        private static ConstantValue widened(ConstantValue value, long width) {
            if (value.sizes().size() == 2 || value.sizes().equals(List.of(width))) {
                return value;
            }
            ConstantValue all = ConstantValue.allocate(value.dtype(), List.of(width));
            int bytes = value.dtype().bytes();
            for (long i = 0; i < width; i++) {
                MemorySegment.copy(value.data(), 0, all.data(), i * bytes, bytes);
            }
            return all;
        }

        /** Concatenates along the last dimension. */
        private static ConstantValue sideBySide(List<ConstantValue> parts) {
            List<Long> sizes = new ArrayList<>(parts.getFirst().sizes());
            long width = parts.stream().mapToLong(p -> p.sizes().getLast()).sum();
            sizes.set(sizes.size() - 1, width);
            ConstantValue merged = ConstantValue.allocate(parts.getFirst().dtype(), sizes);
            int bytes = merged.dtype().bytes();
            long rows = merged.numel() / width;
            long column = 0;
            for (ConstantValue part : parts) {
                long own = part.sizes().getLast();
                for (long row = 0; row < rows; row++) {
                    MemorySegment.copy(part.data(), row * own * bytes, merged.data(), (row * width + column) * bytes,
                        own * bytes);
                }
                column += own;
            }
            return merged;
        }
    }
}
