package dev.kiln.stages.pass;

import java.util.ArrayList;
import java.util.List;

/** What each phase decided, in order, in words: the text of {@code --explain}. Safe for use by several threads. */
public final class Decisions {
    private final List<String> lines = new ArrayList<>();

    public synchronized void add(String phase, String line) {
        lines.add(phase + ": " + line);
    }

    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }
}
