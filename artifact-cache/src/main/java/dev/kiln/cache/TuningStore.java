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
    private static final EntryCodec<Tuning> CODEC = new EntryCodec<>(1, new TuningSerializer());

    private final CacheHome home;

    TuningStore(CacheHome home) {
        this.home = home;
    }

    /**
     * One problem on one machine.
     *
     * @param shapes sizes of the operands, in the op's order
     * @param cpuModel model of the CPU, as the system names it
     * @param isa instruction set the candidates were generated for
     */
    public record Problem(String op, List<String> shapes, List<String> dtypes, String cpuModel, String isa,
                          int threads, String compiler, String kilnVersion) {
        public Problem {
            shapes = List.copyOf(shapes);
            dtypes = List.copyOf(dtypes);
        }

        public CacheKey key() {
            var keys = new KeyBuilder("kt");
            keys.component("problem").text(op).list(shapes).list(dtypes);
            keys.component("machine").text(cpuModel).text(isa).number(threads);
            keys.component("compiler").text(compiler).text(kilnVersion);
            return keys.key();
        }
    }

    /**
     * A result.
     *
     * @param choice name of the fastest candidate
     * @param millis time of each candidate, milliseconds
     */
    public record Tuning(String choice, SortedMap<String, Double> millis) {
        public Tuning {
            Objects.requireNonNull(choice, "choice");
            millis = Sorted.copyOf(millis);
        }

        public Tuning(String choice, Map<String, Double> millis) {
            this(choice, Sorted.copyOf(millis));
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
            Wire.map(out, tuning.millis(), (o, v) -> o.writeDouble(v));
        }

        @Override
        public Tuning read(Input in) {
            return new Tuning(Wire.text(in), Wire.map(in, Input::readDouble));
        }
    }
}
