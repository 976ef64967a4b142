package dev.kiln.cache;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.kiln.cache.codec.EntryCodec;
import dev.kiln.cache.codec.RecordSerializer;
import dev.kiln.cache.codec.TypeIds;
import dev.kiln.cache.codec.Wire;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;

/**
 * What autotuning found, kept apart from the graphs: a change elsewhere in a model does not lose it. The key
 * names the problem and the machine; times of one CPU model say nothing about another.
 */
public final class TuningStore {
    private static final EntryCodec<Tuning> CODEC = new EntryCodec<>(3, new TuningSerializer());

    private final CacheHome home;

    TuningStore(CacheHome home) {
        this.home = home;
    }

    /**
     * One problem on one machine.
     *
     * @param sizes of the operands, in the op's order, as the autotune log writes them
     * @param strides of the operands, in elements
     * @param dtypes of the operands and results, by PyTorch's names
     * @param kernel what else tells the kernel from others: its epilogue, window and layouts, as a digest
     * @param search which candidates were looked for
     */
    public record Problem(String op, List<String> sizes, List<String> strides, List<String> dtypes, String kernel,
                          String search, Machine machine) {
        public Problem {
            sizes = List.copyOf(sizes);
            strides = List.copyOf(strides);
            dtypes = List.copyOf(dtypes);
        }

        public CacheKey key() {
            var keys = new KeyBuilder("kt");
            keys.component("problem").text(op).list(sizes).list(strides).list(dtypes);
            keys.component("kernel").text(kernel).text(search);
            keys.component("machine").text(machine.cpuModel()).text(machine.isa()).number(machine.cores())
                    .number(machine.threads());
            keys.component("build").text(machine.compiler()).text(machine.build()).list(machine.libraries());
            return keys.key();
        }
    }

    /**
     * What times depend on besides the problem.
     *
     * @param cpuModel model of the CPU, as the system names it
     * @param isa instruction set the candidates were generated for
     * @param cores processors that this process may use
     * @param threads workers of the pool
     * @param build Kiln's own build
     * @param libraries libraries with candidates of their own, with their versions
     */
    public record Machine(String cpuModel, String isa, int cores, int threads, String compiler, String build,
                          List<String> libraries) {
        public Machine {
            libraries = List.copyOf(libraries);
        }
    }

    /**
     * A result.
     *
     * @param choice name of the fastest candidate
     * @param warm milliseconds of candidates whose weight was in the caches
     * @param cold milliseconds of candidates whose weight had to come from memory
     * @param failures why the others are out; never a time
     * @param objects compiled units that the choice needs and other models need too, by name; they may be gone
     */
    public record Tuning(String choice, SortedMap<String, Double> warm, SortedMap<String, Double> cold,
                         SortedMap<String, String> failures, SortedMap<String, Blob> objects) {
        public Tuning {
            Objects.requireNonNull(choice, "choice");
            warm = Sorted.copyOf(warm);
            cold = Sorted.copyOf(cold);
            failures = Sorted.copyOf(failures);
            objects = Sorted.copyOf(objects);
        }

        public Tuning(String choice, Map<String, Double> warm, Map<String, Double> cold,
                Map<String, String> failures, Map<String, Blob> objects) {
            this(choice, Sorted.copyOf(warm), Sorted.copyOf(cold), Sorted.copyOf(failures), Sorted.copyOf(objects));
        }

        /** Whether the record tells of a candidate, be it a time or why it has none. */
        public boolean knows(String candidate) {
            return warm.containsKey(candidate) || cold.containsKey(candidate) || failures.containsKey(candidate);
        }
    }

    /** The result for exactly this problem; a damaged record is as good as none. */
    public Optional<Tuning> get(Problem problem) {
        if (!home.mode().reads()) {
            return Optional.empty();
        }
        try {
            var sealed = home.records().get(Kind.TUNING, Keys.bytes(problem.key()));
            var tuning = sealed.isEmpty() ? Optional.<Tuning>empty()
                    : Optional.of(CODEC.decode(sealed.get()));
            home.metrics().increment(tuning.isPresent() ? "tuning.hit" : "tuning.miss");
            return tuning;
        } catch (CorruptEntryException e) {
            home.metrics().increment("tuning.corrupt");
            Reports.warn("a tuning record is not used: " + e.getMessage());
        } catch (StoreException e) {
            home.trouble(e);
        }
        return Optional.empty();
    }

    /** Stores a result; the future fails with a {@link StoreException} when it could not be written. */
    public CompletableFuture<Void> put(Problem problem, Tuning tuning) {
        if (!home.mode().writes()) {
            return CompletableFuture.completedFuture(null);
        }
        return home.records().write(List.of(
                Change.put(Kind.TUNING, Keys.bytes(problem.key()), CODEC.encode(tuning))));
    }

    static final class TuningSerializer extends RecordSerializer<Tuning> {
        TuningSerializer() {
            super(TypeIds.TUNING_RECORD, Tuning.class);
        }

        @Override
        public void write(Output out, Tuning tuning) {
            Wire.text(out, tuning.choice());
            Wire.map(out, tuning.warm(), (o, v) -> o.writeDouble(v));
            Wire.map(out, tuning.cold(), (o, v) -> o.writeDouble(v));
            Wire.map(out, tuning.failures(), Wire::text);
            Wire.map(out, tuning.objects(), GraphSerializers.BLOB::write);
        }

        @Override
        public Tuning read(Input in) {
            return new Tuning(Wire.text(in), Wire.map(in, Input::readDouble), Wire.map(in, Input::readDouble),
                    Wire.map(in, Wire::text), Wire.map(in, GraphSerializers.BLOB::read));
        }
    }
}
