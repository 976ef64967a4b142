package dev.kiln.stages.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Packs buffers of known sizes and lives into one piece of memory: one after the other, each at the lowest offset where
 * nothing lies that lives at the same time. Several orders are tried (largest first: Pisarchyk, Lee: Efficient memory
 * management for deep neural net inference, 2020); the one that needs least counts.
 */
final class OffsetPacker {
    static final long ALIGNMENT = 64;

    private static final List<Comparator<Span>> ORDERS = List.of(
        Comparator.comparingLong((Span s) -> -s.bytes()).thenComparingInt(Span::first),
        Comparator.comparingLong((Span s) -> -s.bytes()).thenComparingInt(s -> -s.first()),
        Comparator.comparingLong((Span s) -> -s.bytes() * (1 + s.last() - s.first())),
        Comparator.comparingInt(Span::first), Comparator.comparingInt(s -> -s.last()));

    private final Map<String, Long> offsets = new HashMap<>();
    private final List<Placed> placed = new ArrayList<>();
    private long bytes;

    /**
     * A buffer that is alive from one step to another, both included.
     *
     * @param bytes a multiple of {@link #ALIGNMENT}
     */
    record Span(String name, long bytes, int first, int last) {
        boolean meets(Span other) {
            return first <= other.last && other.first <= last;
        }
    }

    private record Placed(Span span, long offset) {
        long end() {
            return offset + span.bytes();
        }
    }

    /** Where each buffer lies, and how much memory that takes. */
    record Packing(Map<String, Long> offsets, long bytes) {
    }

    /** @param fixed buffers whose places are given; they do not overlap */
    static Packing pack(List<Span> spans, Map<Span, Long> fixed) {
        Packing best = null;
        for (Comparator<Span> order : ORDERS) {
            OffsetPacker packer = new OffsetPacker();
            fixed.forEach(packer::place);
            spans.stream().sorted(order.thenComparing(Span::name)).forEach(s -> packer.place(s, packer.lowest(s)));
            if (best == null || packer.bytes < best.bytes()) {
                best = new Packing(Map.copyOf(packer.offsets), packer.bytes);
            }
        }
        return best;
    }

    private long lowest(Span span) {
        long at = 0;
        for (Placed other : placed) {
            if (other.offset() >= at + span.bytes()) {
                break;
            }
            if (other.span().meets(span)) {
                at = Math.max(at, other.end());
            }
        }
        return at;
    }

    /** Keeps what is placed in the order of offsets. */
    private void place(Span span, long offset) {
        int at = 0;
        while (at < placed.size() && placed.get(at).offset() <= offset) {
            at++;
        }
        placed.add(at, new Placed(span, offset));
        offsets.put(span.name(), offset);
        bytes = Math.max(bytes, offset + span.bytes());
    }
}
