package dev.kiln.cache;

import java.util.List;

/**
 * Result of a full check.
 *
 * @param records records read
 * @param blobs blobs read
 * @param bytes bytes read
 * @param bad one finding per bad record or blob
 */
public record VerifyReport(long records, long blobs, long bytes, List<Finding> bad) {
    public VerifyReport {
        bad = List.copyOf(bad);
    }

    /** @param removed whether the bad thing is gone now */
    public record Finding(String what, String problem, boolean removed) {
    }
}
