package dev.kiln.ops.metadata;

/** A number that remembers its kind, since that decides type promotion. Doubles are equal if their bits are. */
public sealed interface ScalarValue {
    record Bool(boolean value) implements ScalarValue {
    }

    record Integer(long value) implements ScalarValue {
    }

    record Real(double value) implements ScalarValue {
    }
}
