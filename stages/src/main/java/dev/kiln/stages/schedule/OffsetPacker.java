package dev.kiln.stages.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Packs buffers of known sizes and lives into one piece of memory: one after the other, each at the lowest offset where
 * nothing lies that lives at the same time. Several orders are tried (largest first: Pisarchyk, Lee: Efficient memory
 * management for deep neural net inference, 2020), and further ones in which what lay highest comes first; the one that
 * needs least counts.
 */
final class OffsetPacker {
    static final long ALIGNMENT = 64;
    private static final int MOST_REPAIRS = 100;

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
        long least = least(spans, fixed);
        Attempt best = null;
        for (Comparator<Span> order : ORDERS) {
            best = Attempt.of(spans.stream().sorted(order.thenComparing(Span::name)).toList(), fixed).better(best);
        }
        Attempt last = best;
        for (int i = 0; i < MOST_REPAIRS && best.packer.bytes > least; i++) {
            last = Attempt.of(last.repaired(), fixed);
            best = last.better(best);
        }
        return new Packing(Map.copyOf(best.packer.offsets), best.packer.bytes);
    }

    /** Buffers packed one after the other. */
    private record Attempt(List<Span> order, OffsetPacker packer) {
        static Attempt of(List<Span> order, Map<Span, Long> fixed) {
            OffsetPacker packer = new OffsetPacker();
            fixed.forEach(packer::place);
            order.forEach(s -> packer.place(s, packer.lowest(s)));
            return new Attempt(order, packer);
        }

        Attempt better(Attempt other) {
            return other == null || packer.bytes < other.packer.bytes ? this : other;
        }

        /** The buffer that lies highest comes first. */
        List<Span> repaired() {
            Span highest = order.stream().max(Comparator.comparingLong(s -> packer.offsets.get(s.name()) + s.bytes()))
                .orElseThrow();
            List<Span> repaired = new ArrayList<>(order);
            repaired.remove(highest);
            repaired.addFirst(highest);
            return repaired;
        }
    }

    /** What any packing needs: all that is alive at once, and the fixed places. */
    private static long least(List<Span> spans, Map<Span, Long> fixed) {
        TreeMap<Integer, Long> changes = new TreeMap<>();
        Stream.concat(spans.stream(), fixed.keySet().stream()).forEach(s -> {
            changes.merge(s.first(), s.bytes(), Long::sum);
            changes.merge(s.last() + 1, -s.bytes(), Long::sum);
        });
        long least = fixed.entrySet().stream().mapToLong(f -> f.getValue() + f.getKey().bytes()).max().orElse(0);
        long alive = 0;
        for (long change : changes.values()) {
            alive += change;
            least = Math.max(least, alive);
        }
        return least;
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
