package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.Float8;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both 8-bit formats, bit for bit as libtorch converts them: every code, and the floats around every boundary. */
class Float8Test {
    private static final String CAST = "aten._to_copy.default";

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F8E4M3FN", "F8E5M2"})
    void convertsAsLibtorch(DType dtype) {
        ConstantValue floats = floats(dtype);
        ConstantValue codes = torch(floats, dtype);
        ConstantValue back = torch(codes, DType.F32);
        same(codes, interpreted(floats, dtype));
        same(back, interpreted(codes, DType.F32));
        for (Isa isa : List.of(CpuInfo.detect().bestIsa(), Isa.BASELINE)) {
            same(codes, compiled(floats, dtype, isa));
            same(back, compiled(codes, DType.F32, isa));
        }
    }

    /** Each value of the format, the middle to the next, their neighbours, and both signs; then large ones. */
    private static ConstantValue floats(DType dtype) {
        float[] large = {448, 463.9f, 464, 464.1f, 480, 500, 57344, 61439, 61440, 61441, 65535, 65536, 1e9f,
            1e30f, 1e-30f, 0x1p-10f, 0x1p-17f, 0x1.8p-17f, Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NaN};
        float[] values = new float[127 * 8 + 2 * large.length];
        int at = 0;
        for (int code = 0; code < 127; code++) {
            float value = Float8.decode((byte) code, dtype);
            float middle = (value + Float8.decode((byte) (code + 1), dtype)) / 2;
            for (float x : new float[] {value, middle, Math.nextUp(middle), Math.nextDown(middle)}) {
                values[at++] = x;
                values[at++] = -x;
            }
        }
        for (float x : large) {
            values[at++] = x;
            values[at++] = -x;
        }
        return ConstantValue.floats(List.of((long) values.length), values);
    }

    private static ConstantValue torch(ConstantValue from, DType to) {
        Arg.Ref self = Arg.ref("x");
        List<Arg> args = OpTable.get(CAST).schema().complete(List.of(self, new Arg.Type(to)));
        return TorchOracle.run(OpTable.get(CAST), args, Map.of(self, from)).getFirst();
    }

    private static Graph graph(ConstantValue from, DType to) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        g.output("y", g.call(CAST, g.placeholder("x", FakeTensor.contiguous(from.dtype(), from.numel())), to));
        return g.build();
    }

    private static ConstantValue interpreted(ConstantValue from, DType to) {
        return Interpreter.run(graph(from, to), Map.of("x", from)).get("y");
    }

    private static ConstantValue compiled(ConstantValue from, DType to, Isa isa) {
        GraphRunner.Program program = new GraphRunner.Program(graph(from, to), Map.of("x", from));
        return new GraphRunner(isa, Effort.FULL).prepare(List.of(program)).getFirst().get().get("y");
    }

    /** Bytes must agree, but for the bits inside of a NaN of 32 bits. */
    private static void same(ConstantValue expected, ConstantValue actual) {
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        for (long i = 0; i < expected.numel(); i++) {
            if (expected.dtype() == DType.F32 && Double.isNaN(expected.doubleAt(i))) {
                assertThat(actual.doubleAt(i)).as("index %d", i).isNaN();
            } else {
                int width = expected.dtype().bytes();
                assertThat(actual.data().asSlice(i * width, width).mismatch(expected.data().asSlice(i * width, width)))
                    .as("index %d: %s", i, expected.doubleAt(i)).isEqualTo(-1);
            }
        }
    }
}
