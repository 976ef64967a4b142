package dev.kiln.bench.training;

import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;

/** Measures what the steps of one engine take, by the growth of this process. */
final class MemoryMeter {
    private static final int WARM_UP = 12;
    private static final int TURNS = 5;
    private static final int MANY = 40;
    private static final long PAUSE_MILLIS = 60;

    private final Trainer trainer;
    private final GptShape shape;
    private final SplittableRandom random;

    MemoryMeter(Trainer trainer, GptShape shape, SplittableRandom random) {
        this.trainer = trainer;
        this.shape = shape;
        this.random = random;
    }

    StepMemory measure() {
        steps(WARM_UP);
        long step = median(() -> growth(true, 1));
        long kept = median(() -> growth(false, 1));
        long running = growth(true, MANY);
        return new StepMemory(step, kept, running, trainer.weights() * Float.BYTES);
    }

    private void steps(int count) {
        for (int i = 0; i < count; i++) {
            trainer.step(numbers(), numbers());
        }
    }

    private long[] numbers() {
        return random.longs(shape.tokens(), 0, shape.vocabulary()).toArray();
    }

    private static long median(LongSupplier growth) {
        return LongStream.range(0, TURNS).map(i -> growth.getAsLong()).sorted().skip(TURNS / 2).findFirst().orElseThrow();
    }

    private long growth(boolean gradients, int count) {
        trainer.release(!gradients);
        long before = ProcessMemory.resident();
        ProcessMemory.resetPeak();
        steps(count);
        return ProcessMemory.peak() - before;
    }

    /** Until the garbage collector and its cleaners have done their work. */
    static void collect() {
        try {
            for (int i = 0; i < 3; i++) {
                System.gc();
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
