package dev.kiln.stages.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Packs buffers of known sizes and lives into one piece of memory: one after the other, each at the lowest offset where
 * nothing lies that lives at the same time. Several orders are tried (largest first: Pisarchyk, Lee: Efficient memory
 * management for deep neural net inference, 2020), and then the best one with single buffers moved, at random but
 * the same in each compile; the one that needs least counts.
 */
final class OffsetPacker {
    static final long ALIGNMENT = 64;
    /** After how many repairs gaps are chosen in the other way. */
    private static final List<Integer> PERIODS = List.of(1, 150, 7);
    private static final int MOST_REPAIRS = 300;
    /** Pairs of buffers that all repairs of a kind compare at most. */
    private static final long MOST_PAIRS = 30_000_000;

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

    /** As {@link #pack(List, Map, boolean)}, thoroughly. */
    static Packing pack(List<Span> spans, Map<Span, Long> fixed) {
        return pack(spans, fixed, true);
    }

    /**
     * Packs.
     *
     * @param fixed buffers whose places are given; they do not overlap
     * @param thorough whether more than the usual orders are tried if those leave gaps
     */
    static Packing pack(List<Span> spans, Map<Span, Long> fixed, boolean thorough) {
        Attempt best = null;
        for (Comparator<Span> order : ORDERS) {
            List<Span> sorted = spans.stream().sorted(order.thenComparing(Span::name)).toList();
            best = Attempt.of(sorted, fixed, true).better(Attempt.of(sorted, fixed, false).better(best));
        }
        return thorough ? repaired(best, spans, fixed) : best.packing();
    }

    private static Packing repaired(Attempt first, List<Span> spans, Map<Span, Long> fixed) {
        long least = least(spans, fixed);
        long repairs = Math.min(MOST_REPAIRS, MOST_PAIRS / Math.max(1, (long) spans.size() * spans.size()));
        Attempt best = first;
        for (int period : PERIODS) {
            Attempt last = first;
            for (int i = 0; i < repairs && best.packer.bytes > least; i++) {
                last = Attempt.of(last.highestFirst(), fixed, i / period % 2 == 0);
                best = last.better(best);
            }
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < repairs && best.packer.bytes > least; i++) {
            Attempt repaired = Attempt.of(best.repaired(random), fixed, i % 2 == 0);
            best = repaired.packer.bytes <= best.packer.bytes ? repaired : best;
        }
        return best.packing();
    }

    /** Buffers packed one after the other. */
    private record Attempt(List<Span> order, OffsetPacker packer) {
        static Attempt of(List<Span> order, Map<Span, Long> fixed, boolean tight) {
            OffsetPacker packer = new OffsetPacker();
            fixed.forEach(packer::place);
            order.forEach(s -> packer.place(s, packer.gap(s, tight)));
            return new Attempt(order, packer);
        }

        Packing packing() {
            return new Packing(Map.copyOf(packer.offsets), packer.bytes);
        }

        Attempt better(Attempt other) {
            return other == null || packer.bytes < other.packer.bytes ? this : other;
        }

        private Span highest() {
            return order.stream().max(Comparator.comparingLong(s -> packer.offsets.get(s.name()) + s.bytes())).orElseThrow();
        }

        List<Span> highestFirst() {
            List<Span> repaired = new ArrayList<>(order);
            Span highest = highest();
            repaired.remove(highest);
            repaired.addFirst(highest);
            return repaired;
        }

        /** The buffer that lies highest comes earlier, or one that lives at the same time comes later. */
        List<Span> repaired(SplittableRandom random) {
            Span highest = highest();
            List<Span> others = order.stream().filter(s -> s != highest && s.meets(highest)).toList();
            boolean later = !others.isEmpty() && random.nextInt(3) == 0;
            Span moved = later ? others.get(random.nextInt(others.size())) : highest;
            List<Span> repaired = new ArrayList<>(order);
            int at = repaired.indexOf(moved);
            repaired.remove(at);
            repaired.add(later ? at + random.nextInt(repaired.size() - at + 1) : random.nextInt(at + 1), moved);
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

    /** A gap between buffers that live at the same time: the lowest, or the one that is hardly larger. */
    private long gap(Span span, boolean tight) {
        long at = 0;
        long best = -1;
        long least = Long.MAX_VALUE;
        for (Placed other : placed) {
            if (!other.span().meets(span)) {
                continue;
            }
            long room = other.offset() - at;
            if (room >= span.bytes() && room < least) {
                best = at;
                least = room;
                if (!tight) {
                    break;
                }
            }
            at = Math.max(at, other.end());
        }
        return best < 0 ? at : best;
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
