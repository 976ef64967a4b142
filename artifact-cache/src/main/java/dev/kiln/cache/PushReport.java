package dev.kiln.cache;

/**
 * What was sent to the remote cache.
 *
 * @param records that were looked at, those included that tell of this machine only and stay here
 * @param chunks of blobs that were not there yet
 * @param bytes as they went over the network
 * @param complete false if the server failed, or did not take everything in time
 */
public record PushReport(long records, long chunks, long bytes, boolean complete) {
}
