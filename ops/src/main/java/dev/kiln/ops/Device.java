package dev.kiln.ops;

/** Where a tensor lives. */
public enum Device {
    CPU;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
