package dev.kiln.stages.trace.pt2.schema;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An argument or result of a node, in the shape of the newest schema. */
public sealed interface Argument {
    /** An integer or the name of a symbolic one. */
    sealed interface SymIntArg {
        record Name(String name) implements SymIntArg {
        }

        record Literal(long value) implements SymIntArg {
        }
    }

    record None() implements Argument {
    }

    record Tensor(String name) implements Argument {
    }

    record Tensors(List<String> names) implements Argument {
    }

    /** A list of tensors that may be absent, and (with one element) an optional tensor. */
    record OptionalTensors(List<Optional<String>> names) implements Argument {
    }

    record Int(long value) implements Argument {
    }

    record Ints(List<Long> values) implements Argument {
    }

    record Float(double value) implements Argument {
    }

    record Floats(List<Double> values) implements Argument {
    }

    record Bool(boolean value) implements Argument {
    }

    record Bools(List<Boolean> values) implements Argument {
    }

    record Text(String value) implements Argument {
    }

    record Texts(List<String> values) implements Argument {
    }

    record SymInt(SymIntArg value) implements Argument {
    }

    record SymInts(List<SymIntArg> values) implements Argument {
    }

    /** A symbolic float or boolean by its name. */
    record SymScalar(String name) implements Argument {
    }

    record ScalarType(long number) implements Argument {
    }

    record MemoryFormat(long number) implements Argument {
    }

    record Layout(long number) implements Argument {
    }

    record Device(String type) implements Argument {
    }

    record SubGraph(String name, ProgramGraph graph) implements Argument {
    }

    record CustomObject(String name, String type) implements Argument {
    }

    record Dictionary(Map<String, Argument> items) implements Argument {
    }

    /** A variant that no supported operator takes; kept so that the error can name the node. */
    record Other(String variant) implements Argument {
    }
}
