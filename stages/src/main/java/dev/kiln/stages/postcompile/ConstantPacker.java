package dev.kiln.stages.postcompile;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.CompiledGraph.ConstantSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Stores constants: very large ones (embedding tables) as blobs of their own, so that models share them; the others side
 * by side in one, since each file more costs a warm start a look at its stamp and a mapping.
 */
final class ConstantPacker {
    /** Bytes from which a constant has a file of its own. */
    private static final long LARGE = 8 << 20;
    private static final long ALIGNMENT = 64;

    private final BlobStore blobs;

    ConstantPacker(BlobStore blobs) {
        this.blobs = blobs;
    }

    List<ConstantSpec> store(List<MemorySegment> constants) throws IOException {
        ConstantSpec[] specs = new ConstantSpec[constants.size()];
        List<Integer> small = new ArrayList<>();
        List<Integer> large = new ArrayList<>();
        for (int i = 0; i < specs.length; i++) {
            (constants.get(i).byteSize() >= LARGE ? large : small).add(i);
        }
        storeTogether(constants, small, specs);
        try {
            large.parallelStream().forEach(i -> specs[i] = alone(constants.get(i)));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return List.of(specs);
    }

    private ConstantSpec alone(MemorySegment constant) {
        try {
            return new ConstantSpec(blobs.put(constant), 0, constant.byteSize());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void storeTogether(List<MemorySegment> constants, List<Integer> small, ConstantSpec[] specs)
            throws IOException {
        if (small.isEmpty()) {
            return;
        }
        long[] offsets = new long[small.size() + 1];
        IntStream.range(0, small.size()).forEach(i -> offsets[i + 1] =
            (offsets[i] + constants.get(small.get(i)).byteSize() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment together = arena.allocate(Math.max(ALIGNMENT, offsets[small.size()]), ALIGNMENT);
            for (int i = 0; i < small.size(); i++) {
                MemorySegment.copy(constants.get(small.get(i)), 0, together, offsets[i],
                    constants.get(small.get(i)).byteSize());
            }
            Blob blob = blobs.put(together);
            for (int i = 0; i < small.size(); i++) {
                specs[small.get(i)] = new ConstantSpec(blob, offsets[i], constants.get(small.get(i)).byteSize());
            }
        }
    }
}
