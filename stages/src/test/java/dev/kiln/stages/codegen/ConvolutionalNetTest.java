package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Random small networks of convolutions with constant weights and what stands around them, compiled and interpreted:
 * layouts, windows, groups, epilogues.
 */
class ConvolutionalNetTest {
    private static final long SEED = Long.getLong("kiln.fuzz.seed", 1);
    private static final int NETS = Integer.getInteger("kiln.fuzz.graphs", 24);
    private static final double TOLERANCE = 2e-4;

    /** A network being drawn; its current image has these channels and at least 1 x 1 places. */
    private static final class Net {
        private final Random random;
        private final GraphBuilder b = new GraphBuilder(new ShapeEnv());
        private Arg.Ref image;

        Net(long seed) {
            random = new Random(seed);
            int side = 4 + random.nextInt(14);
            image = b.placeholder("x", FakeTensor.contiguous(DType.F32, List.of(SymInt.of(1 + random.nextInt(2)),
                SymInt.of(1 + random.nextInt(9)), SymInt.of(side), SymInt.of(4 + random.nextInt(20)))));
        }

        long channels() {
            return b.tensor(image).size(1).asLong();
        }

        long smallestSide() {
            return Math.min(b.tensor(image).size(2).asLong(), b.tensor(image).size(3).asLong());
        }

        ConstantValue weights(long... sizes) {
            ConstantValue value = ConstantValue.allocate(DType.F32, java.util.Arrays.stream(sizes).boxed().toList());
            double scale = 1 / Math.sqrt(Math.max(1, value.numel() / sizes[0]));
            for (long i = 0; i < value.numel(); i++) {
                value.set(i, random.nextGaussian() * scale);
            }
            return value;
        }

        void convolve() {
            long in = channels();
            int kind = random.nextInt(4);
            long groups = kind == 0 ? in : kind == 1 && in % 2 == 0 ? 2 : 1;
            long out = kind == 0 ? in : groups * (1 + random.nextInt(40));
            int dilation = 1 + random.nextInt(2);
            int kh = 1 + random.nextInt(3);
            int kw = random.nextInt(4) == 0 ? 1 : kh;
            int pad = random.nextInt(3);
            if (((Math.max(kh, kw) - 1) * dilation + 1) > smallestSide() + 2L * pad) {
                return;
            }
            Arg.Ref weight = b.constant("w", weights(out, in / groups, kh, kw));
            Arg.Ref bias = random.nextBoolean() ? b.constant("b", weights(out)) : null;
            int stride = 1 + random.nextInt(2);
            image = b.call("aten.convolution.default", image, weight, bias, List.of(stride, stride), List.of(pad, pad),
                List.of(dilation, dilation), false, List.of(0, 0), groups);
        }

        void step() {
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3 -> convolve();
                case 4 -> image = b.call("aten.relu.default", image);
                case 5 -> image = b.call("aten.mul.Tensor", image, b.call("aten.sigmoid.default", image));
                case 6 -> image = b.call("aten.mul.Tensor", image, b.constant("s", weights(channels(), 1, 1)));
                case 7 -> {
                    Arg.Ref before = image;
                    Arg.Ref other = b.call("aten.tanh.default", image);
                    image = b.call("aten.cat.default", List.of(before, other), 1);
                }
                case 8 -> image = b.call("aten.constant_pad_nd.default", image, List.of(1, 0, 2, -1), 0.5);
                default -> {
                    Arg.Ref squeezed = b.call("aten.mean.dim", image, List.of(2, 3), true);
                    image = b.call("aten.mul.Tensor", image, b.call("aten.sigmoid.default", squeezed));
                }
            }
        }

        Graph build() {
            convolve();
            int steps = 2 + random.nextInt(7);
            for (int i = 0; i < steps && channels() < 120; i++) {
                Arg.Ref before = image;
                step();
                if (random.nextInt(3) == 0 && b.tensor(before).sizes().equals(b.tensor(image).sizes())) {
                    image = b.call("aten.add.Tensor", image, before);
                }
            }
            b.output("image", image);
            b.output("features", b.call("aten.mean.dim", image, List.of(2, 3)));
            return b.build();
        }
    }

    @Test
    void compiledNetsAgreeWithTheInterpreter() {
        List<Program> programs = new ArrayList<>();
        int templates = 0;
        for (long seed = SEED; seed < SEED + NETS; seed++) {
            Graph graph = new Net(seed).build();
            ConstantValue x = new Net(seed ^ 0x5eed).weights(graph.placeholders().getFirst().tensor().sizes().stream()
                .mapToLong(SymInt::asLong).toArray());
            programs.add(new Program(graph, Map.of("x", x)));
            templates += (int) BatchedGraph.of(graph, CpuInfo.detect().bestIsa()).code().kernels().stream()
                .filter(k -> k.kind() == Kernel.Kind.CONVOLUTION).count();
        }
        assertThat(templates).isGreaterThan(NETS / 2);
        List<Supplier<Map<String, ConstantValue>>> compiled = new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)
            .prepare(programs);
        for (int i = 0; i < programs.size(); i++) {
            compare(programs.get(i), compiled.get(i).get(), SEED + i);
        }
    }

    private static void compare(Program program, Map<String, ConstantValue> actual, long seed) {
        Interpreter.run(program.graph(), program.inputs()).forEach((name, expected) -> {
            double scale = 1;
            for (long at = 0; at < expected.numel(); at++) {
                scale = Math.max(scale, Math.abs(expected.doubleAt(at)));
            }
            for (long at = 0; at < expected.numel(); at++) {
                double difference = Math.abs(expected.doubleAt(at) - actual.get(name).doubleAt(at));
                assertThat(difference).as("seed %d, %s[%d] = %s of %s", seed, name, at, expected.doubleAt(at),
                    program.graph()).isLessThanOrEqualTo(TOLERANCE * scale);
            }
        });
    }
}
