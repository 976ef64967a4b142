package dev.kiln.kernels.toolchain;

/** How much the C compiler optimises. */
public enum OptLevel {
    O0, O1, O2, O3;

    String flag() {
        return "-" + name();
    }
}
