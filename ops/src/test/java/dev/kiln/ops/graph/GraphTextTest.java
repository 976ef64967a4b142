package dev.kiln.ops.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphTextTest {
    @Test
    void printsAndParsesBack() {
        ShapeEnv shapes = new ShapeEnv();
        SymInt batch = shapes.define(new ShapeEnv.Symbol("s0", 1, Long.MAX_VALUE, 8));
        GraphBuilder g = new GraphBuilder(shapes).from(List.of("/layer\"1\"\n"));
        Arg.Ref x = g.placeholder("in put", FakeTensor.contiguous(DType.F32, List.of(batch, SymInt.of(4))));
        Arg.Ref w = g.constant("w", ConstantValue.floats(List.of(4L), 1, -2.5f, Float.NaN, Float.POSITIVE_INFINITY));
        Arg.Ref sum = g.call("aten.add.Tensor", x, w);
        Arg.Ref turned = g.call("aten.permute.default", sum, new long[] {1, 0});
        Arg.Ref gelu = g.call("aten.gelu.default", turned, "tanh");
        Arg.Ref cat = g.call("aten.cat.default", List.of(gelu, gelu), -1);
        Arg.Ref pad = g.call("aten.constant_pad_nd.default", cat, List.of(batch, SymInt.ONE), Double.NEGATIVE_INFINITY);
        g.output("result", pad);
        g.output("turned", turned);
        String text = g.build().toString();
        assertThat(GraphText.parse(text).toString()).isEqualTo(text);
        assertThat(text).contains("f32[4, s0] strides=[1, 4]").contains("f32[4, 3*s0 + 1]");
    }
}
