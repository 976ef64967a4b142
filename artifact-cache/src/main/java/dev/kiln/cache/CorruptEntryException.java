package dev.kiln.cache;

/** Bytes from the store that are not an entry. Never fatal: the caller treats it as a miss. */
public final class CorruptEntryException extends Exception {
    private static final long serialVersionUID = 1;

    /** What is wrong. */
    public enum Reason {
        /** Shorter than an envelope. */
        TOO_SHORT,
        /** Does not begin with the magic number. */
        BAD_MAGIC,
        /** Written by another format or schema; whole, but not ours to read. */
        OTHER_FORMAT,
        /** The declared length is above the limit. */
        TOO_LARGE,
        /** The declared length is not the length found. */
        BAD_LENGTH,
        /** The content does not have its digest. */
        BAD_DIGEST,
        /** The digest holds but the content does not decode. */
        UNDECODABLE,
        /** The entry names another key than the one it is stored under. */
        WRONG_KEY,
        /** The file that holds all records is damaged; it has been moved aside. */
        STORE_DAMAGED,
        /** A blob has another length than the record says. */
        BLOB_LENGTH,
        /** A blob does not have its digest. */
        BLOB_DIGEST
    }

    private final Reason reason;

    public CorruptEntryException(Reason reason, String detail) {
        this(reason, detail, null);
    }

    public CorruptEntryException(Reason reason, String detail, Throwable cause) {
        super(detail, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
