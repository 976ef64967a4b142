package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.SymInt;

/** Where a graph's random numbers come from: a seed, and counters of which each random call takes the next ones. */
public final class RandomStream {
    private final Words words;
    private SymInt taken = SymInt.ZERO;

    @FunctionalInterface
    private interface Words {
        Arg.Ref at(GraphBuilder g, Arg.Ref place, SymInt first, int word);
    }

    private RandomStream(Words words) {
        this.words = words;
    }

    /** Numbers that are the same whenever the graph runs. */
    public static RandomStream ofSeed(long seed) {
        return new RandomStream((g, place, first, word) ->
            g.call("kiln.philox.seeded", place, SymInt.of(seed), first, word));
    }

    /** Numbers of a seed and an offset that are values of the graph: i64 tensors of one element. */
    public static RandomStream ofState(Arg.Ref seed, Arg.Ref offset) {
        return new RandomStream((g, place, first, word) ->
            g.call("kiln.philox.default", place, seed, offset, first, word));
    }

    /** How many counters the calls so far have taken. */
    public SymInt taken() {
        return taken;
    }

    /** Takes counters; gives the number of the first. */
    SymInt take(SymInt counters) {
        SymInt first = taken;
        taken = taken.plus(counters);
        return first;
    }

    Arg.Ref word(GraphBuilder g, Arg.Ref place, SymInt first, int word) {
        return words.at(g, place, first, word);
    }
}
