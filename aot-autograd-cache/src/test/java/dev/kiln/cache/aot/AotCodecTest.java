package dev.kiln.cache.aot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CorruptEntryException;
import dev.kiln.cache.aot.AotEntry.InputKind;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.cache.aot.AotEntry.Wrappers;
import dev.kiln.cache.codec.EntryCodec;
import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.codec.RecordSerializer;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AotCodecTest {
    private static final AotEntry.Input INPUT = new AotEntry.Input("w", InputKind.PARAMETER, false, true);
    private static final AotEntry.Output OUTPUT = new AotEntry.Output("y", OutputKind.FRESH, -1);
    private static final AotEntry.Output VIEW = new AotEntry.Output("z", OutputKind.ALIAS_OF_INPUT, 0, true,
            Optional.of(new AotEntry.View("f32", List.of("s0", "3"), List.of("3", "1"), "6")));
    private static final Wrappers WRAPPERS = new Wrappers(2, List.of(0, 300), true, false);
    private static final AotEntry ENTRY =
            new AotEntry(key("ka"), key("kg"), Optional.of(key("kg")), List.of(INPUT),
            List.of(OUTPUT), List.of("s0"), List.of("s0 > 1"), WRAPPERS, false, 99);

    @Test
    void bytesOfEveryTypeAreFixed() {
        assertGolden(AotSerializers.INPUT, INPUT, "01770950" + "4152414d455445520001");
        assertGolden(AotSerializers.OUTPUT, OUTPUT, "017905" + "4652455348010000");
        assertGolden(AotSerializers.OUTPUT, VIEW, "017a0e" + "414c4941535f4f465f494e505554" + "0001" + "01"
                + "03663332" + "02027330" + "0133" + "0201330131" + "0136");
        assertGolden(AotSerializers.WRAPPERS, WRAPPERS, "020200ac020100");
        assertGolden(AotSerializers.ENTRY, ENTRY, text(key("ka")) + text(key("kg")) + text(key("kg"))
                + "01017709504152414d455445520001" + "010179054652455348010000" + "01027330" + "01067330203e2031"
                + "020200ac020100" + "00" + "c601");
    }

    @Test
    void aRealKryoWritesAndReadsTheSameBytes() throws CorruptEntryException {
        var kryo = new Kryo();
        kryo.setRegistrationRequired(true);
        kryo.setReferences(false);
        AotSerializers.ALL.forEach(serializer -> serializer.register(kryo));
        var out = new Output(1024, -1);
        kryo.writeClassAndObject(out, ENTRY);
        byte[] payload = Envelope.open(2, EntryCodec.MAX_PAYLOAD, AotSerializers.CODEC.encode(ENTRY));
        assertThat(out.toBytes()).isEqualTo(payload);
        assertThat(kryo.readClassAndObject(new Input(payload))).isEqualTo(ENTRY);
    }

    @Test
    void randomDamageThatPassesTheDigestStaysAnOrdinaryMiss() throws CorruptEntryException {
        var random = new Random(2);
        byte[] payload = Envelope.open(2, EntryCodec.MAX_PAYLOAD, AotSerializers.CODEC.encode(ENTRY));
        for (int round = 0; round < 3000; round++) {
            byte[] damaged = payload.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            try {
                AotSerializers.CODEC.decode(Envelope.seal(2, damaged));
            } catch (CorruptEntryException e) {
                assertThat(e.reason()).isEqualTo(CorruptEntryException.Reason.UNDECODABLE);
            }
        }
    }

    @Test
    void refusesWhatContradictsItself() {
        assertThatThrownBy(() -> new AotEntry.Output("y", OutputKind.FRESH, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new AotEntry.Output("y", OutputKind.IS_INPUT, -1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new AotEntry.Output("y", OutputKind.IS_INPUT, 0, false, VIEW.view()))
                .hasMessageContaining("view");
        assertThatThrownBy(() -> new AotEntry(key("ka"), key("kg"), Optional.of(key("kg")), List.of(),
                List.of(),
                List.of(), List.of(), WRAPPERS, true, 0)).hasMessageContaining("partial");
    }

    private static <T> void assertGolden(RecordSerializer<T> serializer, T value, String hex) {
        var out = new Output(64, -1);
        serializer.write(out, value);
        assertThat(HexFormat.of().formatHex(out.toBytes())).as(value.getClass().getSimpleName())
                .isEqualTo(hex);
        assertThat(serializer.read(new Input(out.toBytes()))).isEqualTo(value);
    }

    private static CacheKey key(String domain) {
        return new CacheKey(domain + "a".repeat(52));
    }

    private static String text(CacheKey key) {
        return "36" + HexFormat.of().formatHex(key.text().getBytes());
    }
}
