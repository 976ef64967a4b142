package dev.kiln.stages.trace.pt2;

import java.util.List;

/** Translates the calls of one operator; one result for each output, in order. */
interface Translator {
    List<Bound> translate(NodeCall call);
}
