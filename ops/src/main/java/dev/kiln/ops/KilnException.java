package dev.kiln.ops;

/** The root of errors that carry a one-line message for the user. */
public class KilnException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public KilnException(String message) {
        super(message);
    }

    public KilnException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The input (model, shape, value) is at fault: exit code 2. */
    public static class BadInput extends KilnException {
        private static final long serialVersionUID = 1;

        public BadInput(String message) {
            super(message);
        }

        public BadInput(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** The input is valid, but Kiln does not support something in it: exit code 2, named. */
    public static class Unsupported extends BadInput {
        private static final long serialVersionUID = 1;

        public Unsupported(String message) {
            super(message);
        }
    }
}
