package dev.kiln.kernels.toolchain;

import java.time.Duration;

/** A moment after which work is no longer wanted. */
public final class Deadline {
    private static final Deadline NONE = new Deadline(0, false);

    private final long nanoTime;
    private final boolean limited;

    private Deadline(long nanoTime, boolean limited) {
        this.nanoTime = nanoTime;
        this.limited = limited;
    }

    /** No limit. */
    public static Deadline none() {
        return NONE;
    }

    /** A deadline {@code span} from now. */
    public static Deadline after(Duration span) {
        return new Deadline(System.nanoTime() + span.toNanos(), true);
    }

    /** Nanoseconds left, at least 0; {@link Long#MAX_VALUE} when there is no limit. */
    public long remainingNanos() {
        return limited ? Math.max(0, nanoTime - System.nanoTime()) : Long.MAX_VALUE;
    }

    public boolean expired() {
        return remainingNanos() == 0;
    }
}
