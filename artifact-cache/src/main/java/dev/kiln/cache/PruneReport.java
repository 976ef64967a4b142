package dev.kiln.cache;

/**
 * What a prune removed.
 *
 * @param keptBytes bytes of records and blobs that remain
 */
public record PruneReport(long entries, long blobs, long temporaryFiles, long freedBytes, long keptBytes) {
}
