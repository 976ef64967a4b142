package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.kiln.cache.CompiledGraph.Code;
import dev.kiln.cache.CompiledGraph.CudagraphInfo;
import dev.kiln.cache.CompiledGraph.History;
import dev.kiln.cache.CompiledGraph.KernelInfo;
import dev.kiln.cache.CompiledGraph.Signature;
import dev.kiln.cache.CompiledGraph.SymbolSpec;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.cache.codec.EntryCodec;
import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.codec.RecordSerializer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GraphCodecTest {
    private static final int SCHEMA = 2;
    private static final Blob BLOB = new Blob("0123456789abcdef".repeat(4), 300);
    private static final CompiledGraph GRAPH = Samples.graph(1, BLOB, BLOB, BLOB, 3);

    @Test
    void bytesOfEveryTypeAreFixed() {
        assertGolden(GraphSerializers.KEY, new CacheKey("kg" + "a".repeat(52)),
                "366b676161616161616161616161616161616161616161616161616161616161"
                + "6161616161616161616161616161616161616161616161");
        assertGolden(GraphSerializers.BLOB, BLOB,
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefac02");
        assertGolden(GraphSerializers.CODE, new Code(BLOB, BLOB, BLOB, "v4", List.of("avx2")),
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                + "ac020123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
                + "cdefac020123456789abcdef0123456789abcdef0123456789abcdef01234567"
                + "89abcdefac02027634010461767832");
        assertGolden(GraphSerializers.SYMBOL, new SymbolSpec("s0", -1, 1, -2, Long.MAX_VALUE, 128),
                "027330010203feffffffffffffffff8002");
        assertGolden(GraphSerializers.TENSOR,
                new TensorSpec("x", "f32", List.of("s0", "2"), List.of("2", "1")),
                "0178036633320202733001320201320131");
        assertGolden(GraphSerializers.SIGNATURE,
                new Signature(List.of(), List.of(), List.of(), List.of("s0 > 1")),
                "00000001067330203e20310000");
        assertGolden(GraphSerializers.KERNEL, new KernelInfo("k", List.of("a", "b"), "reduction"),
                "016b020161016209726564756374696f6e");
        assertGolden(GraphSerializers.CUDAGRAPH,
                new CudagraphInfo(List.of("cpu"), List.of(1), List.of(0, 200)),
                "010363707501010200c801");
        assertGolden(GraphSerializers.HISTORY,
                new History(List.of("d"), Map.of("c", -5L), Map.of("t", 0.5), 7),
                "01016401016309010174000000000000e03f0e");
        assertGolden(new TuningStore.TuningSerializer(), new Tuning("b", Map.of("a", 2.0), Map.of(), Map.of("c", "d"), Map.of()),
                "0162010161000000000000004000010163" + "016400");
    }

    @Test
    void bytesOfAWholeEntryAreFixed() {
        assertThat(Sha256.hex(GraphSerializers.CODEC.encode(GRAPH)))
                .as("raise the schema when this changes on purpose")
                .isEqualTo("4f911e8dd417203ceb6f55ae64d2658f17de074c726e101545317c41ed8e8186");
    }

    @Test
    void entrySurvivesARoundTrip() throws CorruptEntryException {
        assertThat(GraphSerializers.CODEC.decode(GraphSerializers.CODEC.encode(GRAPH))).isEqualTo(GRAPH);
        assertThat(GRAPH.differences(GRAPH)).isEmpty();
    }

    @Test
    void aRealKryoWritesAndReadsTheSameBytes() throws CorruptEntryException {
        var kryo = new Kryo();
        kryo.setRegistrationRequired(true);
        kryo.setReferences(false);
        GraphSerializers.ALL.forEach(serializer -> serializer.register(kryo));
        var out = new Output(1024, -1);
        kryo.writeClassAndObject(out, GRAPH);
        byte[] payload = Envelope.open(SCHEMA, EntryCodec.MAX_PAYLOAD, GraphSerializers.CODEC.encode(GRAPH));
        assertThat(out.toBytes()).isEqualTo(payload);
        assertThat(kryo.readClassAndObject(new Input(payload))).isEqualTo(GRAPH);
    }

    @Test
    void idsAreDistinct() {
        assertThat(GraphSerializers.ALL.stream().map(RecordSerializer::typeId)).doesNotHaveDuplicates();
    }

    @Test
    void hostileLengthsAllocateNothing() {
        byte[] hugeList = HexFormat.of().parseHex("16" + "ffffffff07");
        assertUndecodable(hugeList);
        for (int cut = 1; cut < 200; cut += 3) {
            byte[] payload = payload(GRAPH);
            byte[] hostile = Arrays.copyOf(payload, cut + 5);
            System.arraycopy(hugeList, 1, hostile, cut, 5);
            assertUndecodable(hostile);
        }
    }

    @Test
    void anotherTypeOrTrailingBytesAreNoEntry() {
        byte[] payload = payload(GRAPH);
        byte[] longer = Arrays.copyOf(payload, payload.length + 1);
        assertUndecodable(longer);
        payload[0]++;
        assertUndecodable(payload);
        assertUndecodable(new byte[0]);
        assertUndecodable(new byte[] {0});
        assertUndecodable(new byte[] {1, 0x6a, 0x61});
    }

    @Test
    void randomDamageThatPassesTheDigestStaysAnOrdinaryMiss() {
        var random = new Random(11);
        byte[] payload = payload(GRAPH);
        for (int round = 0; round < 5000; round++) {
            byte[] damaged = payload.clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                GraphSerializers.CODEC.decode(Envelope.seal(SCHEMA, damaged));
            } catch (CorruptEntryException e) {
                assertThat(e.reason()).isEqualTo(Reason.UNDECODABLE);
            }
        }
    }

    private static byte[] payload(CompiledGraph graph) {
        byte[] sealed = GraphSerializers.CODEC.encode(graph);
        return Arrays.copyOfRange(sealed, Envelope.HEADER, sealed.length);
    }

    private static void assertUndecodable(byte[] payload) {
        assertThatThrownBy(() -> GraphSerializers.CODEC.decode(Envelope.seal(SCHEMA, payload)))
                .isInstanceOfSatisfying(CorruptEntryException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.UNDECODABLE));
    }

    private static <T> void assertGolden(RecordSerializer<T> serializer, T value, String hex) {
        var out = new Output(64, -1);
        serializer.write(out, value);
        assertThat(HexFormat.of().formatHex(out.toBytes())).as(value.getClass().getSimpleName())
                .isEqualTo(hex);
        assertThat(serializer.read(new Input(out.toBytes()))).isEqualTo(value);
    }
}
