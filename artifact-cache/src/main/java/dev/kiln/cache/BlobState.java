package dev.kiln.cache;

/** Condition of a blob file. */
public enum BlobState {
    WHOLE, MISSING, WRONG_LENGTH, WRONG_DIGEST
}
