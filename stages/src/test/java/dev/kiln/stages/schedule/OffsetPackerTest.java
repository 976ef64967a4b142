package dev.kiln.stages.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.stages.schedule.OffsetPacker.Packing;
import dev.kiln.stages.schedule.OffsetPacker.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class OffsetPackerTest {
    private static final int STEPS = 40;

    @Test
    void whatLivesAtTheSameTimeNeverOverlaps() {
        SplittableRandom random = new SplittableRandom(5);
        for (int round = 0; round < 200; round++) {
            List<Span> spans = spans(random, 1 + random.nextInt(60));
            Map<Span, Long> fixed = fixed(random);
            Packing packing = OffsetPacker.pack(spans, fixed);
            List<Span> all = new ArrayList<>(spans);
            all.addAll(fixed.keySet());
            fixed.forEach((span, at) -> assertThat(packing.offsets()).containsEntry(span.name(), at));
            for (Span a : all) {
                long from = packing.offsets().get(a.name());
                assertThat(from % OffsetPacker.ALIGNMENT).isZero();
                assertThat(from + a.bytes()).isLessThanOrEqualTo(packing.bytes());
                for (Span b : all) {
                    long other = packing.offsets().get(b.name());
                    assertThat(a == b || !a.meets(b) || from + a.bytes() <= other || other + b.bytes() <= from)
                        .as("%s at %d and %s at %d", a, from, b, other).isTrue();
                }
            }
        }
    }

    @Test
    void theFillsOfAStackNeedNoMoreThanWhatLives() {
        List<Span> spans = List.of(new Span("a", 64, 0, 4), new Span("b", 256, 0, 1), new Span("c", 128, 2, 3),
            new Span("d", 128, 2, 4), new Span("e", 256, 5, 6));
        assertThat(OffsetPacker.pack(spans, Map.of()).bytes()).isEqualTo(320);
    }

    @Test
    void memoryOfFixedBuffersIsUsedOnceTheyAreDead() {
        Map<Span, Long> fixed = Map.of(new Span("saved", 256, -1, 2), 0L, new Span("longer", 256, -1, 9), 256L);
        Packing packing = OffsetPacker.pack(List.of(new Span("early", 128, 1, 2), new Span("late", 256, 3, 4)), fixed);
        assertThat(packing.offsets()).containsEntry("late", 0L).containsEntry("early", 512L);
        assertThat(packing.bytes()).isEqualTo(640);
    }

    private static List<Span> spans(SplittableRandom random, int count) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int first = random.nextInt(STEPS);
            spans.add(new Span("s" + i, 64L * (1 + random.nextInt(100)), first, first + random.nextInt(STEPS - first)));
        }
        return spans;
    }

    private static Map<Span, Long> fixed(SplittableRandom random) {
        Map<Span, Long> fixed = new HashMap<>();
        long at = 0;
        for (int i = 0; i < 5; i++) {
            Span span = new Span("f" + i, 64L * (1 + random.nextInt(50)), -1, random.nextInt(STEPS));
            fixed.put(span, at);
            at += span.bytes();
        }
        return fixed;
    }
}
