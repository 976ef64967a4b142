package dev.kiln.cache;

import java.nio.file.Path;

/** Child process: stores entries, over and over, until it is killed or has done its rounds. */
public final class EntryWriter {
    /** What it prints when the first entry is stored. */
    static final String STORED = "stored";

    private EntryWriter() {
    }

    /** Arguments: directory, first seed, number of seeds, rounds. */
    public static void main(String[] arguments) {
        int first = Integer.parseInt(arguments[1]);
        int seeds = Integer.parseInt(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        try (var home = CacheHome.open(new CacheSettings(Path.of(arguments[0]), CacheMode.WRITE))) {
            for (int round = 0; round < rounds; round++) {
                for (int seed = first; seed < first + seeds; seed++) {
                    var graph = Samples.graph(home.blobs(), seed, 2000 + 37 * round % 5000, 60_000);
                    if (!home.artifacts().put(graph, Samples.components(seed))) {
                        System.exit(3);
                    }
                    if (round == 0 && seed == first) {
                        System.out.println(STORED);
                    }
                    if (!(home.artifacts().lookup(graph.key()) instanceof CacheLookup.Hit)) {
                        System.exit(4);
                    }
                }
            }
        }
    }
}
