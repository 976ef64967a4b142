package dev.kiln.kernels.toolchain;

import dev.kiln.ops.KilnException;

/** The bundled compiler or linker is absent, cannot be unpacked, or could not be run to its end. */
public class ToolchainException extends KilnException {
    private static final long serialVersionUID = 1;

    ToolchainException(String message) {
        super(message);
    }

    ToolchainException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The deadline passed while a compiler was running; the process has been killed. */
    public static final class DeadlineExceeded extends ToolchainException {
        private static final long serialVersionUID = 1;

        DeadlineExceeded(String what) {
            super(what + " was stopped: its deadline passed; allow more time or compile a smaller graph");
        }
    }

    /** The calling thread was interrupted while a compiler was running; the process has been killed. */
    public static final class Cancelled extends ToolchainException {
        private static final long serialVersionUID = 1;

        Cancelled(String what) {
            super(what + " was cancelled");
        }
    }
}
