package dev.kiln.cache;

import java.util.SortedMap;

/**
 * What the cache holds.
 *
 * @param records records by kind
 * @param recordBytes bytes of the record file, free pages included
 * @param blobs number of blob files
 * @param blobBytes bytes of the blob files
 * @param quarantined number of entries set aside
 */
public record CacheStats(SortedMap<String, Long> records, long recordBytes, long blobs, long blobBytes,
                         long quarantined) {
}
