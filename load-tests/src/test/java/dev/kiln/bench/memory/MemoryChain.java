package dev.kiln.bench.memory;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/**
 * One memory-bound computation, for Kiln as a graph and for libtorch as TorchScript.
 *
 * @param inputs shapes, in order; all are f32
 * @param script the body of a function of {@code x0, x1, ...}: one expression that leaves its result in {@code y}, which has its shape
 */
record MemoryChain(String name, List<long[]> inputs, BiFunction<GraphBuilder, List<Arg.Ref>, Arg.Ref> body,
        String script) {

    static MemoryChain of(String name, String script, BiFunction<GraphBuilder, List<Arg.Ref>, Arg.Ref> body,
            long[]... inputs) {
        return new MemoryChain(name, List.of(inputs), body, script);
    }

    Graph graph() {
        GraphBuilder builder = new GraphBuilder(new ShapeEnv());
        List<Arg.Ref> placeholders = new ArrayList<>();
        for (long[] shape : inputs) {
            List<SymInt> sizes = Arrays.stream(shape).mapToObj(SymInt::of).toList();
            placeholders.add(builder.placeholder("x" + placeholders.size(), FakeTensor.contiguous(DType.F32, sizes)));
        }
        builder.output("y", body.apply(builder, placeholders));
        return builder.build();
    }

    long bytesRead() {
        return inputs.stream().mapToLong(s -> 4 * Arrays.stream(s).reduce(1, (a, b) -> a * b)).sum();
    }
}
