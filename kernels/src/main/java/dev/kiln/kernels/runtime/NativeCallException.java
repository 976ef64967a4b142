package dev.kiln.kernels.runtime;

import dev.kiln.ops.KilnException;

/** Native code returned an error code, or could not be loaded. */
public final class NativeCallException extends KilnException {
    private static final long serialVersionUID = 1;

    private final int code;

    NativeCallException(String what, int code) {
        super(what + " failed with code " + code);
        this.code = code;
    }

    NativeCallException(String message, Throwable cause) {
        super(message, cause);
        this.code = -1;
    }

    /** What the native function returned; -1 when the library could not be loaded. */
    public int code() {
        return code;
    }
}
