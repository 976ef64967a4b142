package dev.kiln.cache;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cache's log. Bound on first use: a warm start that has nothing to report does not load a logging
 * backend.
 */
public final class Reports {
    private static final class Lazy {
        static final Logger LOG = LoggerFactory.getLogger("dev.kiln.cache");
    }

    private Reports() {
    }

    public static void warn(String message) {
        Lazy.LOG.warn(message);
    }
}
