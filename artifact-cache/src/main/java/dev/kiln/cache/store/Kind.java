package dev.kiln.cache.store;

/** The named databases of the record file. */
public enum Kind {
    /** Compiled graphs, by key. */
    ARTIFACT("artifact"),
    /** AOT entries, by key. */
    AOT("aot"),
    /** Key components of artifacts and AOT entries, by key. */
    COMPONENTS("components"),
    /** Time of last use, by key. */
    ACCESS("access"),
    /** Autotuning results, by key. */
    TUNING("tuning"),
    /** From a model file to its content, and from content and request to a key. */
    SOURCE("source"),
    /** Blob files as they were when they were last verified, by digest. */
    STAMP("stamp"),
    /** Parameter vectors of ops that were called on their own, with the artifacts they led to. */
    EAGER("eager"),
    /** Artifacts that serve a model where the guards of its first one do not hold, by that one's key. */
    VARIANT("variant");

    private final String database;

    Kind(String database) {
        this.database = database;
    }

    /** Name of the database in the file. */
    public String database() {
        return database;
    }
}
