package dev.kiln.stages.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where buffers of inputs and outputs lie, if not in memory of their own.
 *
 * @param kept inputs and outputs of known sizes that lie one after the other at the start of the workspace: inputs may be
 *     overwritten once they have been read for the last time
 * @param roomFor outputs of known sizes that there is room for in the workspace; code finds them by their pointers
 * @param writtenBack outputs, copies of other buffers, that may lie in the memory of inputs, with these: they are kernels of
 *     their own behind all that read the input
 */
public record Placement(List<String> kept, List<String> roomFor, Map<String, String> writtenBack) {
    static final Placement NONE = new Placement(List.of(), List.of(), Map.of());

    /** What takes memory of the workspace besides the program's intermediate buffers. */
    List<String> inWorkspace() {
        List<String> all = new ArrayList<>(kept);
        all.addAll(roomFor);
        return all;
    }
}
