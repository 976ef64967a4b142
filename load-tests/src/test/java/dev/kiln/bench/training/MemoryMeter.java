package dev.kiln.bench.training;

import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;

/** Measures what the steps of one engine take, by the growth of this process; says on standard error how far it is. */
final class MemoryMeter {
    private static final int WARM_UP = 3;
    private static final int TURNS = 3;
    private static final long PAUSE_MILLIS = 60;

    private final String engine;
    private final Trainer trainer;
    private final GptShape shape;
    private final SplittableRandom random;
    private int done;

    MemoryMeter(String engine, Trainer trainer, GptShape shape, SplittableRandom random) {
        this.engine = engine;
        this.trainer = trainer;
        this.shape = shape;
        this.random = random;
    }

    /**
     * Measures.
     *
     * @param many steps that are run without giving memory back in between
     * @param apart whether gradients have memory of their own, so that a step without it can be measured
     */
    StepMemory measure(int many, boolean apart) {
        steps(WARM_UP);
        long step = median(() -> growth(true, 1));
        long kept = apart ? median(() -> growth(false, 1)) : 0;
        return new StepMemory(step, kept, growth(true, many), trainer.weights() * Float.BYTES);
    }

    private void steps(int count) {
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            trainer.step(numbers(), numbers());
            System.err.printf("%s: step %d, %d ms%n", engine, ++done, (System.nanoTime() - start) / 1_000_000);
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
