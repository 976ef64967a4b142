package dev.kiln.stages.postcompile;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.BlobWriter;
import dev.kiln.cache.CompiledGraph.ConstantSpec;
import dev.kiln.stages.codegen.ConstantLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

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

    /** Small and large constants side by side; each is packed into memory that the next one takes over. */
    List<ConstantSpec> store(List<ConstantLayout> constants) throws IOException {
        ConstantSpec[] specs = new ConstantSpec[constants.size()];
        List<Integer> small = new ArrayList<>();
        List<Integer> large = new ArrayList<>();
        for (int i = 0; i < specs.length; i++) {
            (constants.get(i).bytes() >= LARGE ? large : small).add(i);
        }
        CompletableFuture<Void> together = CompletableFuture.runAsync(() -> storeTogether(constants, small, specs));
        try {
            storeAlone(constants, large, specs);
            together.join();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (CompletionException e) {
            if (e.getCause() instanceof UncheckedIOException io) {
                throw io.getCause();
            }
            throw e;
        }
        return List.of(specs);
    }

    private static MemorySegment scratch(List<ConstantLayout> constants, List<Integer> which, Arena arena) {
        long most = which.stream().mapToLong(i -> constants.get(i).scratch()).max().orElse(0);
        return arena.allocate(Math.max(ALIGNMENT, most), ALIGNMENT);
    }

    private void storeAlone(List<ConstantLayout> constants, List<Integer> large, ConstantSpec[] specs) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment scratch = scratch(constants, large, arena);
            for (int i : large) {
                specs[i] = new ConstantSpec(blobs.put(constants.get(i).in(scratch)), 0, constants.get(i).bytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void storeTogether(List<ConstantLayout> constants, List<Integer> small, ConstantSpec[] specs) {
        if (small.isEmpty()) {
            return;
        }
        long[] offsets = new long[small.size()];
        try (Arena arena = Arena.ofShared(); BlobWriter writer = blobs.newWriter()) {
            MemorySegment scratch = scratch(constants, small, arena);
            long at = 0;
            for (int i = 0; i < offsets.length; i++) {
                ConstantLayout constant = constants.get(small.get(i));
                offsets[i] = at;
                writer.write(constant.in(scratch).asByteBuffer());
                long padding = -constant.bytes() & (ALIGNMENT - 1);
                writer.write(ByteBuffer.allocate((int) padding));
                at += constant.bytes() + padding;
            }
            Blob blob = writer.commit();
            for (int i = 0; i < offsets.length; i++) {
                specs[small.get(i)] = new ConstantSpec(blob, offsets[i], constants.get(small.get(i)).bytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
