package dev.kiln.conformance;

/**
 * How a case went.
 *
 * @param reason why it did not pass; empty if it did
 */
public record CaseResult(String name, Status status, String reason) {

    /** {@code UNSUPPORTED}: valid, but with something that Kiln says it lacks. */
    public enum Status { PASSED, FAILED, UNSUPPORTED }
}
