package dev.kiln.stages.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class MaxFlowTest {
    private record Edge(int from, int to, long capacity) {
    }

    @Test
    void theFlowIsTheSmallestCutOfAll() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int vertices = 2 + random.nextInt(7);
            Edge[] edges = random.ints(random.nextInt(20)).mapToObj(i -> new Edge(random.nextInt(vertices),
                random.nextInt(vertices), random.nextInt(6))).toArray(Edge[]::new);
            MaxFlow flow = flow(vertices, edges);
            long smallest = Long.MAX_VALUE;
            for (int side = 1; side < 1 << vertices; side += 2) {
                smallest = (side & 2) == 0 ? Math.min(smallest, cut(side, edges)) : smallest;
            }
            assertThat(flow.run(0, 1)).as("seed %d", seed).isEqualTo(smallest);
            int chosen = 0;
            for (int v = 0; v < vertices; v++) {
                chosen |= flow.sourceSide()[v] ? 1 << v : 0;
            }
            assertThat(chosen & 3).isEqualTo(1);
            assertThat(cut(chosen, edges)).as("seed %d", seed).isEqualTo(smallest);
        }
    }

    private static MaxFlow flow(int vertices, Edge... edges) {
        MaxFlow flow = new MaxFlow(vertices);
        for (Edge edge : edges) {
            flow.edge(edge.from, edge.to, edge.capacity);
        }
        return flow;
    }

    private static long cut(int side, Edge... edges) {
        long sum = 0;
        for (Edge edge : edges) {
            sum += (side >> edge.from & 1) == 1 && (side >> edge.to & 1) == 0 ? edge.capacity : 0;
        }
        return sum;
    }

    @Test
    void deepGraphsNeedNoStack() {
        int vertices = 200_000;
        MaxFlow flow = new MaxFlow(vertices);
        for (int v = 0; v < vertices - 1; v++) {
            flow.edge(v, v + 1, v == 70_000 ? 3 : MaxFlow.INFINITE);
        }
        assertThat(flow.run(0, vertices - 1)).isEqualTo(3);
        assertThat(flow.sourceSide()[70_000]).isTrue();
        assertThat(flow.sourceSide()[70_001]).isFalse();
    }

    @Test
    void aPathWithoutACutIsAnError() {
        assertThatThrownBy(() -> flow(3, new Edge(0, 2, MaxFlow.INFINITE), new Edge(2, 1, MaxFlow.INFINITE)).run(0, 1))
            .hasMessage("there is no finite cut");
    }
}
