package dev.kiln.cache;

import dev.kiln.cache.store.RecordStore;
import java.time.Duration;

/**
 * How blobs are checked.
 *
 * @param records where the stamps of checked files are kept
 * @param writes whether stamps may be written
 * @param always whether every check reads the whole file, whatever the stamp says ({@code KILN_VERIFY=2})
 * @param recheckAfter age of a check after which it is repeated in the background
 */
record VerifierSettings(RecordStore records, boolean writes, boolean always, Duration recheckAfter) {
}
