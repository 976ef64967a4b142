package dev.kiln.stages.autotune;

/** A candidate cannot be used; the message says why, in a few words. */
final class CandidateFailure extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean defect;

    CandidateFailure(String reason) {
        this(reason, true);
    }

    private CandidateFailure(String reason, boolean defect) {
        super(reason);
        this.defect = defect;
    }

    /** Nothing is wrong with the candidate. */
    static CandidateFailure noTime() {
        return new CandidateFailure("not timed: the budget was spent", false);
    }

    boolean isDefect() {
        return defect;
    }
}
