package dev.kiln;

import dev.kiln.ops.KilnException;

/**
 * A compile that ended without a result although its input was not at fault (bad input is
 * {@link KilnException.BadInput}). Names the phase and says what can be done.
 */
public final class CompileFailedException extends KilnException {
    private static final long serialVersionUID = 1;

    /** Why there is no result. */
    public enum Reason { FAILED, DEADLINE, CANCELLED, BUSY }

    private final Reason reason;
    private final String phase;
    private final String remedy;

    public CompileFailedException(Reason reason, String phase, String problem, String remedy,
            Throwable cause) {
        super(phase + ": " + problem + (remedy.isEmpty() ? "" : "; " + remedy), cause);
        this.reason = reason;
        this.phase = phase;
        this.remedy = remedy;
    }

    public Reason reason() {
        return reason;
    }

    /** The phase it happened in, as in {@link CompileInfo#stageMillis}. */
    public String phase() {
        return phase;
    }

    /** What the user can do; empty if nothing is known. */
    public String remedy() {
        return remedy;
    }
}
