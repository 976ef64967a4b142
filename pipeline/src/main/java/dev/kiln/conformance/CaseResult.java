package dev.kiln.conformance;

/**
 * How a case went.
 *
 * @param reason why it did not pass, or what was not compared; empty if it passed in full
 */
public record CaseResult(String name, Status status, String reason) {

    /** The folder of the test suite: what stands before the last slash of the name. */
    public String category() {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "" : name.substring(0, slash);
    }

    /** {@code UNSUPPORTED}: valid, but with something that Kiln says it lacks. */
    public enum Status { PASSED, FAILED, UNSUPPORTED }
}
