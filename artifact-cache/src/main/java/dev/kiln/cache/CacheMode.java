package dev.kiln.cache;

/** What the cache may do: {@code KILN_CACHE=off|read|write|check}. */
public enum CacheMode {
    /** Every lookup is a miss, nothing is stored. */
    OFF,
    /** Looks up, stores nothing; the directory may be read-only. */
    READ,
    /** Looks up and stores: the default. */
    WRITE,
    /** As {@link #WRITE}, and the caller recompiles on every hit and compares with the entry. */
    CHECK;

    public boolean reads() {
        return this != OFF;
    }

    public boolean writes() {
        return this == WRITE || this == CHECK;
    }

    public boolean checks() {
        return this == CHECK;
    }

    /** Parses {@code off}, {@code read}, {@code write} or {@code check}. */
    public static CacheMode parse(String text) {
        return switch (text) {
            case "off" -> OFF;
            case "read" -> READ;
            case "write" -> WRITE;
            case "check" -> CHECK;
            default -> throw new IllegalArgumentException(
                    "unknown cache mode '" + text + "': use off, read, write or check");
        };
    }
}
