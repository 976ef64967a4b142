package dev.kiln.cache.aot;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.aot.AotEntry.InputKind;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.cache.aot.AotEntry.Wrappers;
import dev.kiln.cache.codec.EntryCodec;
import dev.kiln.cache.codec.RecordSerializer;
import dev.kiln.cache.codec.TypeIds;
import dev.kiln.cache.codec.Wire;
import java.util.List;
import java.util.Optional;

/** Serializers of {@link AotEntry} and its parts, in the order of the fields. */
final class AotSerializers {
    /** Raise when a field of any record below changes. */
    private static final int SCHEMA = 2;

    static final RecordSerializer<AotEntry.Input> INPUT =
            new RecordSerializer<>(TypeIds.AOT_INPUT, AotEntry.Input.class) {
        @Override
        public void write(Output out, AotEntry.Input input) {
            Wire.text(out, input.name());
            Wire.constant(out, input.kind());
            out.writeBoolean(input.mutated());
            out.writeBoolean(input.requiresGrad());
        }

        @Override
        public AotEntry.Input read(Input in) {
            return new AotEntry.Input(Wire.text(in), Wire.constant(in, InputKind.class), in.readBoolean(),
                    in.readBoolean());
        }
    };

    static final RecordSerializer<AotEntry.Output> OUTPUT =
            new RecordSerializer<>(TypeIds.AOT_OUTPUT, AotEntry.Output.class) {
        @Override
        public void write(Output out, AotEntry.Output output) {
            Wire.text(out, output.name());
            Wire.constant(out, output.kind());
            out.writeVarInt(output.base(), false);
            out.writeBoolean(output.requiresGrad());
            Wire.list(out, output.view().stream().toList(), AotSerializers::write);
        }

        @Override
        public AotEntry.Output read(Input in) {
            return new AotEntry.Output(Wire.text(in), Wire.constant(in, OutputKind.class),
                    in.readVarInt(false), in.readBoolean(),
                    Wire.list(in, AotSerializers::readView).stream().findFirst());
        }
    };

    static final RecordSerializer<Wrappers> WRAPPERS =
            new RecordSerializer<>(TypeIds.AOT_WRAPPERS, Wrappers.class) {
        @Override
        public void write(Output out, Wrappers wrappers) {
            out.writeVarInt(wrappers.savedForBackward(), true);
            Wire.ints(out, wrappers.detach());
            out.writeBoolean(wrappers.keepInferenceInputMutations());
            out.writeBoolean(wrappers.functionalRng());
        }

        @Override
        public Wrappers read(Input in) {
            return new Wrappers(in.readVarInt(true), Wire.ints(in), in.readBoolean(), in.readBoolean());
        }
    };

    static final RecordSerializer<AotEntry> ENTRY =
            new RecordSerializer<>(TypeIds.AOT_ENTRY, AotEntry.class) {
        @Override
        public void write(Output out, AotEntry entry) {
            Wire.text(out, entry.key().text());
            Wire.text(out, entry.forward().text());
            Wire.text(out, entry.backward().map(CacheKey::text).orElse(""));
            Wire.list(out, entry.inputs(), INPUT::write);
            Wire.list(out, entry.outputs(), OUTPUT::write);
            Wire.texts(out, entry.symbols());
            Wire.texts(out, entry.guards());
            WRAPPERS.write(out, entry.wrappers());
            out.writeBoolean(entry.partial());
            out.writeVarLong(entry.compileNanos(), false);
        }

        @Override
        public AotEntry read(Input in) {
            return new AotEntry(new CacheKey(Wire.text(in)), new CacheKey(Wire.text(in)),
                    optionalKey(Wire.text(in)),
                    Wire.list(in, INPUT::read), Wire.list(in, OUTPUT::read), Wire.texts(in), Wire.texts(in),
                    WRAPPERS.read(in), in.readBoolean(), in.readVarLong(false));
        }
    };

    /** Every serializer of this module, for a Kryo instance of one's own. */
    static final List<RecordSerializer<?>> ALL = List.of(INPUT, OUTPUT, WRAPPERS, ENTRY);

    static final EntryCodec<AotEntry> CODEC = new EntryCodec<>(SCHEMA, ENTRY);

    private AotSerializers() {
    }

    private static void write(Output out, AotEntry.View view) {
        Wire.text(out, view.dtype());
        Wire.texts(out, view.sizes());
        Wire.texts(out, view.strides());
        Wire.text(out, view.offset());
    }

    private static AotEntry.View readView(Input in) {
        return new AotEntry.View(Wire.text(in), Wire.texts(in), Wire.texts(in), Wire.text(in));
    }

    private static Optional<CacheKey> optionalKey(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(new CacheKey(text));
    }
}
