package dev.kiln.stages.codegen;

import dev.kiln.stages.lowering.Buffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The names in one kernel, numbered by first use, so that kernels that differ only in which buffers they touch have
 * the same text.
 */
final class KernelNames {
    private final Function<String, Buffer> buffers;
    private final Map<String, String> inPlace;
    private final List<String> pointers = new ArrayList<>();
    private final Set<String> stored = new HashSet<>();
    private final Map<String, Integer> counters = new HashMap<>();
    private final CIndex index = new CIndex();

    KernelNames(Function<String, Buffer> buffers) {
        this(buffers, Map.of());
    }

    /** @param inPlace results that lie where something else does that the kernel reads: both have one pointer */
    KernelNames(Function<String, Buffer> buffers, Map<String, String> inPlace) {
        this.buffers = buffers;
        this.inPlace = inPlace;
    }

    CIndex index() {
        return index;
    }

    String fresh(String prefix) {
        return prefix + (counters.merge(prefix, 1, Integer::sum) - 1);
    }

    /** The pointer to a buffer that the kernel reads. */
    String pointer(String buffer) {
        String place = place(buffer);
        if (!pointers.contains(place)) {
            pointers.add(place);
        }
        return "p" + pointers.indexOf(place);
    }

    /** What a chain of buffers in the same place begins with. */
    private String place(String buffer) {
        String place = buffer;
        while (inPlace.containsKey(place)) {
            place = inPlace.get(place);
        }
        return place;
    }

    /** The pointer to a buffer that the kernel writes. */
    String target(String buffer) {
        stored.add(place(buffer));
        return pointer(buffer);
    }

    /** Buffers in the order of {@code args->p}. */
    List<String> arguments() {
        return List.copyOf(pointers);
    }

    String declarations(List<String> symbols, String indent) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < pointers.size(); i++) {
            Buffer buffer = buffers.apply(pointers.get(i));
            String constness = stored.contains(pointers.get(i)) ? "" : "const ";
            String type = CTypes.stored(buffer.dtype());
            out.append(indent).append(constness).append(type).append("* restrict const p").append(i).append(" = (")
                .append(constness).append(type).append("*)args->p[").append(i).append("];\n");
        }
        return out + index.declarations(symbols, indent);
    }
}
