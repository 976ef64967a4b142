package dev.kiln.cache.store;

/** The record file cannot be read or written. The cache reports it and goes on without. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean damaged;

    private StoreException(String message, boolean damaged, Throwable cause) {
        super(message, cause);
        this.damaged = damaged;
    }

    /** The file is there but is not a whole LMDB file. */
    public static StoreException damaged(String message) {
        return new StoreException("the record file is damaged: " + message, true, null);
    }

    public static StoreException unavailable(String message, Throwable cause) {
        return new StoreException(message, false, cause);
    }

    /** Whether the file should be moved aside and made anew. */
    public boolean isDamaged() {
        return damaged;
    }
}
