package dev.kiln.tensor;

import dev.kiln.ops.KilnException;
import java.lang.StackWalker.StackFrame;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Where in the user's program a call comes from. */
final class UserCode {
    private static final List<String> OURS = List.of("dev.kiln.tensor.", "dev.kiln.nn.", "dev.kiln.stages.",
        "dev.kiln.ops.", "dev.kiln.pipeline.", "dev.kiln.Compiled", "dev.kiln.Kiln", "java.", "jdk.", "sun.");
    /** By class name. */
    private static final Map<String, Boolean> USERS = new ConcurrentHashMap<>();
    private static final StackWalker WALKER = StackWalker.getInstance();

    private UserCode() {
    }

    /** File and line of the innermost frame that is not Kiln's, such as {@code Model.java:42}. */
    static String line() {
        return WALKER.walk(frames -> frames.filter(UserCode::isUsers).findFirst()
            .map(f -> f.getFileName() + ":" + f.getLineNumber()).orElse("unknown line"));
    }

    private static boolean isUsers(StackFrame frame) {
        return USERS.computeIfAbsent(frame.getClassName(), name -> OURS.stream().noneMatch(name::startsWith));
    }

    /** The same error with the line that made the call. */
    static KilnException located(KilnException e, String line) {
        String message = line + ": " + e.getMessage();
        return switch (e) {
            case KilnException.Unsupported u -> withCause(new KilnException.Unsupported(message), u);
            case KilnException.BadInput b -> new KilnException.BadInput(message, b);
            default -> new KilnException(message, e);
        };
    }

    private static KilnException withCause(KilnException error, KilnException cause) {
        error.initCause(cause);
        return error;
    }

    /** The error of reading values in a function that is being traced. */
    static KilnException dependsOnData(String method) {
        return new KilnException.Unsupported(line() + ": " + method + " reads the values of a tensor, which are not known "
            + "while a function is traced: choose by where() instead of if, or return the tensor and read it outside");
    }
}
