package dev.kiln.cache;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.kiln.cache.CompiledGraph.Code;
import dev.kiln.cache.CompiledGraph.ConstantSpec;
import dev.kiln.cache.CompiledGraph.CudagraphInfo;
import dev.kiln.cache.CompiledGraph.History;
import dev.kiln.cache.CompiledGraph.KernelInfo;
import dev.kiln.cache.CompiledGraph.Signature;
import dev.kiln.cache.CompiledGraph.SymbolSpec;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.cache.codec.EntryCodec;
import dev.kiln.cache.codec.RecordSerializer;
import dev.kiln.cache.codec.TypeIds;
import dev.kiln.cache.codec.Wire;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;

/** Serializers of {@link CompiledGraph} and its parts, in the order of the fields. */
final class GraphSerializers {
    /** Raise when a field of any record below changes. */
    private static final int SCHEMA = 2;
    private static final int DIGEST_BYTES = 32;

    static final RecordSerializer<CacheKey> KEY = new RecordSerializer<>(TypeIds.CACHE_KEY, CacheKey.class) {
        @Override
        public void write(Output out, CacheKey key) {
            Wire.text(out, key.text());
        }

        @Override
        public CacheKey read(Input in) {
            return new CacheKey(Wire.text(in));
        }
    };

    static final RecordSerializer<Blob> BLOB = new RecordSerializer<>(TypeIds.BLOB, Blob.class) {
        @Override
        public void write(Output out, Blob blob) {
            out.writeBytes(HexFormat.of().parseHex(blob.digest()));
            out.writeVarLong(blob.bytes(), true);
        }

        @Override
        public Blob read(Input in) {
            var digest = HexFormat.of().formatHex(in.readBytes(DIGEST_BYTES));
            return new Blob(digest, in.readVarLong(true));
        }
    };

    static final RecordSerializer<Code> CODE = new RecordSerializer<>(TypeIds.CODE, Code.class) {
        @Override
        public void write(Output out, Code code) {
            BLOB.write(out, code.object());
            BLOB.write(out, code.runtime());
            BLOB.write(out, code.sources());
            Wire.text(out, code.target());
            Wire.texts(out, code.requiredCpuFeatures());
        }

        @Override
        public Code read(Input in) {
            return new Code(BLOB.read(in), BLOB.read(in), BLOB.read(in), Wire.text(in), Wire.texts(in));
        }
    };

    static final RecordSerializer<SymbolSpec> SYMBOL =
            new RecordSerializer<>(TypeIds.SYMBOL_SPEC, SymbolSpec.class) {
        @Override
        public void write(Output out, SymbolSpec symbol) {
            Wire.text(out, symbol.name());
            out.writeVarInt(symbol.inputIndex(), false);
            out.writeVarInt(symbol.dim(), false);
            out.writeVarLong(symbol.min(), false);
            out.writeVarLong(symbol.max(), false);
            out.writeVarLong(symbol.hint(), false);
        }

        @Override
        public SymbolSpec read(Input in) {
            return new SymbolSpec(Wire.text(in), in.readVarInt(false), in.readVarInt(false),
                    in.readVarLong(false), in.readVarLong(false), in.readVarLong(false));
        }
    };

    static final RecordSerializer<TensorSpec> TENSOR =
            new RecordSerializer<>(TypeIds.TENSOR_SPEC, TensorSpec.class) {
        @Override
        public void write(Output out, TensorSpec tensor) {
            Wire.text(out, tensor.name());
            Wire.text(out, tensor.dtype());
            Wire.texts(out, tensor.sizes());
            Wire.texts(out, tensor.strides());
        }

        @Override
        public TensorSpec read(Input in) {
            return new TensorSpec(Wire.text(in), Wire.text(in), Wire.texts(in), Wire.texts(in));
        }
    };

    static final RecordSerializer<Signature> SIGNATURE =
            new RecordSerializer<>(TypeIds.SIGNATURE, Signature.class) {
        @Override
        public void write(Output out, Signature signature) {
            Wire.list(out, signature.symbols(), SYMBOL::write);
            Wire.list(out, signature.inputs(), TENSOR::write);
            Wire.list(out, signature.outputs(), TENSOR::write);
            Wire.texts(out, signature.guards());
            Wire.texts(out, signature.assertions());
            Wire.texts(out, signature.capacities());
        }

        @Override
        public Signature read(Input in) {
            return new Signature(Wire.list(in, SYMBOL::read), Wire.list(in, TENSOR::read),
                    Wire.list(in, TENSOR::read), Wire.texts(in), Wire.texts(in), Wire.texts(in));
        }
    };

    static final RecordSerializer<KernelInfo> KERNEL =
            new RecordSerializer<>(TypeIds.KERNEL_INFO, KernelInfo.class) {
        @Override
        public void write(Output out, KernelInfo kernel) {
            Wire.text(out, kernel.name());
            Wire.texts(out, kernel.sourceNodes());
            Wire.text(out, kernel.kind());
        }

        @Override
        public KernelInfo read(Input in) {
            return new KernelInfo(Wire.text(in), Wire.texts(in), Wire.text(in));
        }
    };

    static final RecordSerializer<CudagraphInfo> CUDAGRAPH =
            new RecordSerializer<>(TypeIds.CUDAGRAPH_INFO, CudagraphInfo.class) {
        @Override
        public void write(Output out, CudagraphInfo info) {
            Wire.texts(out, info.disabledReasons());
            Wire.ints(out, info.mutatedInputs());
            Wire.ints(out, info.inputsToCheck());
        }

        @Override
        public CudagraphInfo read(Input in) {
            return new CudagraphInfo(Wire.texts(in), Wire.ints(in), Wire.ints(in));
        }
    };

    static final RecordSerializer<History> HISTORY = new RecordSerializer<>(TypeIds.HISTORY, History.class) {
        @Override
        public void write(Output out, History history) {
            Wire.texts(out, history.decisions());
            Wire.map(out, history.counters(), (o, v) -> o.writeVarLong(v, false));
            Wire.map(out, history.stageMillis(), (o, v) -> o.writeDouble(v));
            out.writeVarLong(history.compileNanos(), false);
        }

        @Override
        public History read(Input in) {
            return new History(Wire.texts(in), Wire.map(in, i -> i.readVarLong(false)),
                    Wire.map(in, Input::readDouble), in.readVarLong(false));
        }
    };

    static final RecordSerializer<CompiledGraph> GRAPH =
            new RecordSerializer<>(TypeIds.COMPILED_GRAPH, CompiledGraph.class) {
        @Override
        public void write(Output out, CompiledGraph graph) {
            KEY.write(out, graph.key());
            CODE.write(out, graph.code());
            SIGNATURE.write(out, graph.signature());
            constants(out, graph.constants());
            Wire.texts(out, graph.externs());
            Wire.list(out, graph.kernels(), KERNEL::write);
            CUDAGRAPH.write(out, graph.cudagraph());
            HISTORY.write(out, graph.history());
        }

        @Override
        public CompiledGraph read(Input in) {
            return new CompiledGraph(KEY.read(in), CODE.read(in), SIGNATURE.read(in), constants(in),
                    Wire.texts(in), Wire.list(in, KERNEL::read), CUDAGRAPH.read(in), HISTORY.read(in));
        }
    };

    /** Every serializer of this module, for a Kryo instance of one's own. */
    static final List<RecordSerializer<?>> ALL =
            List.of(KEY, BLOB, CODE, SYMBOL, TENSOR, SIGNATURE, KERNEL, CUDAGRAPH, HISTORY, GRAPH);

    static final EntryCodec<CompiledGraph> CODEC = new EntryCodec<>(SCHEMA, GRAPH);

    private GraphSerializers() {
    }

    /** Hundreds of constants share a few blobs, so blobs are written once and named by their place. */
    private static void constants(Output out, List<ConstantSpec> constants) {
        var places = new LinkedHashMap<Blob, Integer>();
        for (var constant : constants) {
            places.putIfAbsent(constant.blob(), places.size());
        }
        Wire.list(out, places.keySet(), BLOB::write);
        Wire.list(out, constants, (o, constant) -> {
            o.writeVarInt(places.get(constant.blob()), true);
            o.writeVarLong(constant.offset(), true);
            o.writeVarLong(constant.bytes(), true);
        });
    }

    private static List<ConstantSpec> constants(Input in) {
        var blobs = Wire.list(in, BLOB::read);
        return Wire.list(in, i -> new ConstantSpec(blobs.get(i.readVarInt(true)), i.readVarLong(true),
                i.readVarLong(true)));
    }
}
