package dev.kiln.kernels.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** Blocks of memory that wait for their next user, a few of them. Safe for several threads. */
final class FreeBlocks<B> {
    private static final int KEPT = 8;

    private final ToLongFunction<B> bytes;
    private final List<B> blocks = new ArrayList<>();

    FreeBlocks(ToLongFunction<B> bytes) {
        this.bytes = bytes;
    }

    /** Takes out the smallest block that is large enough, else the largest; empty if there is none. */
    synchronized Optional<B> take(long wanted) {
        int best = -1;
        for (int i = 0; i < blocks.size(); i++) {
            if (best < 0 || isBetter(size(i), size(best), wanted)) {
                best = i;
            }
        }
        return best < 0 ? Optional.empty() : Optional.of(blocks.remove(best));
    }

    private long size(int block) {
        return bytes.applyAsLong(blocks.get(block));
    }

    private static boolean isBetter(long size, long best, long wanted) {
        return size >= wanted ? best < wanted || size < best : best < size;
    }

    /** Adds a block; gives back the smallest if there are too many now. */
    synchronized Optional<B> put(B block) {
        blocks.add(block);
        if (blocks.size() <= KEPT) {
            return Optional.empty();
        }
        int smallest = 0;
        for (int i = 1; i < blocks.size(); i++) {
            smallest = size(i) < size(smallest) ? i : smallest;
        }
        return Optional.of(blocks.remove(smallest));
    }

    synchronized long bytes() {
        return blocks.stream().mapToLong(bytes).sum();
    }

    /** Takes out all. */
    synchronized List<B> takeAll() {
        List<B> all = List.copyOf(blocks);
        blocks.clear();
        return all;
    }
}
