package dev.kiln.stages.autograd;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** Maximum flow and minimum cut by Dinic's algorithm (1970), on paths instead of recursion: graphs are deep. */
final class MaxFlow {
    /** More than any sum of finite capacities. */
    static final long INFINITE = Long.MAX_VALUE / 4;

    private final int[] first;
    private int[] next = new int[64];
    private int[] to = new int[64];
    private long[] left = new long[64];
    private int edges;
    private final int[] level;
    private final int[] open;

    MaxFlow(int vertices) {
        first = new int[vertices];
        level = new int[vertices];
        open = new int[vertices];
        Arrays.fill(first, -1);
    }

    void edge(int from, int target, long capacity) {
        half(from, target, capacity);
        half(target, from, 0);
    }

    private void half(int from, int target, long capacity) {
        if (edges == to.length) {
            next = Arrays.copyOf(next, 2 * edges);
            to = Arrays.copyOf(to, 2 * edges);
            left = Arrays.copyOf(left, 2 * edges);
        }
        to[edges] = target;
        left[edges] = capacity;
        next[edges] = first[from];
        first[from] = edges++;
    }

    /**
     * The flow's value.
     *
     * @throws IllegalStateException if a path of infinite capacities leads from source to sink
     */
    long run(int source, int sink) {
        long flow = 0;
        while (levels(source, sink)) {
            System.arraycopy(first, 0, open, 0, first.length);
            flow += blocking(source, sink);
            if (flow >= INFINITE / 2) {
                throw new IllegalStateException("there is no finite cut");
            }
        }
        return flow;
    }

    /** After {@link #run}: the side of the minimum cut that the source is on, the smallest if there are several. */
    boolean[] sourceSide() {
        boolean[] side = new boolean[level.length];
        for (int v = 0; v < side.length; v++) {
            side[v] = level[v] >= 0;
        }
        return side;
    }

    private boolean levels(int source, int sink) {
        Arrays.fill(level, -1);
        level[source] = 0;
        Deque<Integer> queue = new ArrayDeque<>();
        queue.add(source);
        while (!queue.isEmpty()) {
            int from = queue.remove();
            for (int e = first[from]; e >= 0; e = next[e]) {
                if (left[e] > 0 && level[to[e]] < 0) {
                    level[to[e]] = level[from] + 1;
                    queue.add(to[e]);
                }
            }
        }
        return level[sink] >= 0;
    }

    private long blocking(int source, int sink) {
        int[] path = new int[level.length];
        int length = 0;
        int at = source;
        long flow = 0;
        while (true) {
            if (at == sink) {
                int narrowest = narrowest(path, length);
                long amount = left[path[narrowest]];
                for (int i = 0; i < length; i++) {
                    left[path[i]] -= amount;
                    left[path[i] ^ 1] += amount;
                }
                flow += amount;
                length = narrowest;
                at = to[path[narrowest] ^ 1];
            } else if (advance(at)) {
                path[length++] = open[at];
                at = to[open[at]];
            } else if (length == 0) {
                return flow;
            } else {
                level[at] = Integer.MAX_VALUE;
                at = to[path[--length] ^ 1];
            }
        }
    }

    /** Moves the vertex's open edge to one that leads on; false if there is none. */
    private boolean advance(int at) {
        while (open[at] >= 0 && (left[open[at]] <= 0 || level[to[open[at]]] != level[at] + 1)) {
            open[at] = next[open[at]];
        }
        return open[at] >= 0;
    }

    private int narrowest(int[] path, int length) {
        int narrowest = 0;
        for (int i = 1; i < length; i++) {
            if (left[path[i]] < left[path[narrowest]]) {
                narrowest = i;
            }
        }
        return narrowest;
    }
}
