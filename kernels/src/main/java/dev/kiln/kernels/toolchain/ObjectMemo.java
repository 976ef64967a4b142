package dev.kiln.kernels.toolchain;

import dev.kiln.kernels.cpu.CpuTarget;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Objects compiled lately in this process. Autotuning compiles a kernel's candidates and the graph that is built
 * afterwards uses some of them again; the same unit for the same target gives the same bytes.
 */
final class ObjectMemo {
    private static final int ENTRIES = 128;

    private record Key(CompileUnit unit, String target) {
    }

    private final Map<Key, byte[]> objects = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, byte[]> eldest) {
            return size() > ENTRIES;
        }
    };

    synchronized Optional<byte[]> get(CompileUnit unit, CpuTarget target) {
        return Optional.ofNullable(objects.get(new Key(unit, target.fingerprint())));
    }

    synchronized void put(CompileUnit unit, CpuTarget target, byte[] object) {
        objects.put(new Key(unit, target.fingerprint()), object);
    }
}
