package dev.kiln.stages.autotune;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.SharedCode;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.Kernel;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Keeps the compiled shared code of chosen variants beside the tuning records: they are most of what a compile with known
 * results would have to compile again. An object that is gone is compiled.
 */
final class KeptObjects {
    private final BlobStore blobs;
    private final CompileOptions options;
    private final Environment environment;

    KeptObjects(CompileOptions options, Environment environment) {
        this.blobs = environment.cache().blobs();
        this.options = options;
        this.environment = environment;
    }

    /** What the compiler knows of a variant's shared code, stored. */
    Map<String, Blob> keep(Kernel.Variant variant) {
        Map<String, Blob> kept = new TreeMap<>();
        CpuTarget target = environment.target(options);
        for (SharedCode part : variant.parts()) {
            CompileUnit unit = part.unit();
            Optional<byte[]> object = environment.cache().mode().writes()
                ? environment.compiler().get().known(unit, target) : Optional.empty();
            try {
                if (object.isPresent()) {
                    kept.put(unit.name(), blobs.put(object.get()));
                }
            } catch (IOException e) {
                return kept; // the next compile takes longer
            }
        }
        return kept;
    }

    /** Tells the compiler what was kept for a variant. */
    void give(Kernel.Variant variant, Tuning tuning) {
        for (SharedCode part : variant.parts()) {
            CompileUnit unit = part.unit();
            Blob blob = tuning.objects().get(unit.name());
            try {
                if (blob != null && blobs.contains(blob)) {
                    environment.compiler().get().know(unit, environment.target(options), blobs.read(blob));
                }
            } catch (IOException e) {
                return; // the compiler compiles it
            }
        }
    }
}
