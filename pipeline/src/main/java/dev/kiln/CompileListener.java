package dev.kiln;

/** Told of the phases of compiles as they happen; called on compile threads, so it should return soon. */
public interface CompileListener {
    /** Hears nothing. */
    CompileListener SILENT = new CompileListener() {
    };

    default void phaseStarted(String job, String phase) {
    }

    /** A phase that takes long tells how far it is. */
    default void progress(String job, String phase, String state) {
    }

    default void phaseFinished(String job, String phase, double millis) {
    }
}
