package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A decoder layer as {@code torch.export} writes one of the transformers library: training IR with a mask that is built
 * in place through views, rotary embeddings in a region without gradients, a static cache in buffers, checks of
 * metadata, and symbolic batch and length.
 */
class DecoderExportTest {
    private static final long WIDTH = 8;
    private static final long VOCABULARY = 11;
    private static final long CACHE = 6;

    @TempDir
    private static Path folder;

    private int storages;

    private void weight(TinyProgram program, String name, double scale, long... sizes) {
        float[] values = new float[(int) java.util.Arrays.stream(sizes).reduce(1, (a, b) -> a * b)];
        java.util.Random random = new java.util.Random(name.hashCode());
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * scale + (sizes.length == 1 ? 1 : 0));
        }
        program.storage("s" + storages, values).parameter(name, "s" + storages++, sizes);
    }

    private static String symbol(String name) {
        return "[{'as_sym_int':{'as_name':'" + name + "'}}]";
    }

    private static void size(TinyProgram p, String tensor, int dim, String name) {
        p.call("torch.ops.aten.sym_size.int", symbol(name), "self", "%" + tensor, "dim", "{'as_int':" + dim + "}");
    }

    private static String ints(String... sizes) {
        StringBuilder text = new StringBuilder();
        for (String size : sizes) {
            boolean number = size.matches("-?\\d+");
            text.append(text.isEmpty() ? "" : ",").append(number ? "{'as_int':" + size + "}"
                : "{'as_name':'" + size + "'}");
        }
        return "{'as_sym_ints':[" + text + "]}";
    }

    private static String number(Object value) {
        return value instanceof Double ? "{'as_float':" + value + "}" : "{'as_int':" + value + "}";
    }

    private TinyProgram decoder() {
        TinyProgram p = new TinyProgram();
        weight(p, "embed", 1, VOCABULARY, WIDTH);
        for (String name : List.of("q", "k", "v", "o")) {
            weight(p, name, 0.4, WIDTH, WIDTH);
        }
        weight(p, "norm", 0.1, WIDTH);
        p.storage("f", 1, 0.1f).buffer("inv_freq", false, "f", 2);
        p.storage("c", new float[(int) (2 * CACHE * 4)]).buffer("cache", true, "c", 1, 2, CACHE, 4);
        p.input(5, "input_ids", "s0", "s1").input(5, "attention_mask", "s0", "s1").range("s0", 2L, null).range("s1", 2L,
            CACHE);
        size(p, "input_ids", 0, "batch");
        size(p, "input_ids", 1, "length");
        p.node("embedding.default", "x", "weight", "%p_embed", "indices", "%input_ids")
            .value(7, "x", "s0", "s1", WIDTH);
        p.node("arange.start", "place", "start", number(0), "end", "{'as_sym_int':{'as_name':'length'}}", "device",
            "{'as_device':{'type':'cpu','index':null}}", "pin_memory", "{'as_bool':false}");
        mask(p);
        rotary(p);
        attention(p);
        return p;
    }

    /** Everything barred, then opened on and below the diagonal, then barred again where the padding is. */
    private static void mask(TinyProgram p) {
        p.node("full.default", "full", "size", ints("length", "length"), "fill_value", number(-1e9), "dtype",
            "{'as_scalar_type':7}").node("triu.default", "triu", "self", "%full", "diagonal", number(1));
        p.node("view.default", "column", "self", "%place", "size", ints("-1", "1"))
            .node("gt.Tensor", "future", "self", "%place", "other", "%column")
            .node("mul_.Tensor", "mul_", "self", "%triu", "other", "%future");
        p.node("unsqueeze.default", "m3", "self", "%triu", "dim", number(0))
            .node("unsqueeze.default", "m4", "self", "%m3", "dim", number(0))
            .node("expand.default", "wide", "self", "%m4", "size", ints("batch", "1", "-1", "-1"))
            .node("clone.default", "mask", "self", "%wide").value(7, "mask", "s0", 1, "s1", "s1");
        ((ObjectNode) p.graph().get("tensor_values").get("mask")).set("strides",
            TinyProgram.json("[{'as_expr':{'expr_str':'s1*s1'}},{'as_expr':{'expr_str':'s1*s1'}},"
                + "{'as_expr':{'expr_str':'s1'}},{'as_int':1}]"));
        p.node("slice.Tensor", "part", "self", "%mask", "dim", number(-1), "start", number(0), "end",
            "{'as_sym_int':{'as_name':'length'}}");
        p.node("unsqueeze.default", "a3", "self", "%attention_mask", "dim", number(1))
            .node("unsqueeze.default", "a4", "self", "%a3", "dim", number(1))
            .node("eq.Scalar", "padded", "self", "%a4", "other", number(0))
            .node("masked_fill.Scalar", "filled", "self", "%part", "mask", "%padded", "value", number(-1e9))
            .node("copy_.default", "copy_", "self", "%part", "src", "%filled");
    }

    private static void rotary(TinyProgram p) {
        p.node("unsqueeze.default", "places", "self", "%place", "dim", number(0));
        TinyProgram body = new TinyProgram();
        body.node("unsqueeze.default", "f1", "self", "%freq", "dim", number(0))
            .node("unsqueeze.default", "f2", "self", "%f1", "dim", number(2))
            .node("unsqueeze.default", "p1", "self", "%where", "dim", number(1))
            .node("to.dtype", "p2", "self", "%p1", "dtype", "{'as_scalar_type':7}")
            .node("matmul.default", "angles", "self", "%f2", "other", "%p2")
            .node("transpose.int", "turned", "self", "%angles", "dim0", number(1), "dim1", number(2))
            .node("cat.default", "both", "tensors", "{'as_tensors':[{'name':'turned'},{'name':'turned'}]}", "dim",
                number(-1)).node("cos.default", "c", "self", "%both").node("sin.default", "s", "self", "%both");
        ObjectNode graph = body.graph();
        graph.set("inputs", TinyProgram.json("[{'as_tensor':{'name':'freq'}},{'as_tensor':{'name':'where'}}]"));
        graph.set("outputs", TinyProgram.json("[{'as_tensor':{'name':'c'}},{'as_tensor':{'name':'s'}}]"));
        p.call("torch.ops.higher_order.wrap_with_set_grad_enabled",
            "[{'as_tensors':[{'name':'cos'},{'name':'sin'}]}]", "", "{'as_bool':false}", "",
            "{'as_graph':{'name':'submod','graph':" + graph.toString().replace('"', '\'') + "}}", "", "%b_inv_freq", "",
            "%places");
    }

    private static void heads(TinyProgram p, String name) {
        p.node("linear.default", name + "_l", "input", "%normal", "weight", "%p_" + name)
            .node("view.default", name + "_v", "self", "%" + name + "_l", "size", ints("batch", "length", "2", "4"))
            .node("transpose.int", name, "self", "%" + name + "_v", "dim0", number(1), "dim1", number(2));
    }

    /** {@code x * cos + cat(-x[..., 2:], x[..., :2]) * sin}. */
    private static void turn(TinyProgram p, String name) {
        p.node("mul.Tensor", name + "_c", "self", "%" + name, "other", "%cos1")
            .node("slice.Tensor", name + "_a", "self", "%" + name, "dim", number(3), "start", number(0), "end",
                number(2))
            .node("slice.Tensor", name + "_b", "self", "%" + name, "dim", number(3), "start", number(2), "end",
                number(Long.MAX_VALUE)).node("neg.default", name + "_n", "self", "%" + name + "_b")
            .node("cat.default", name + "_h", "tensors",
                "{'as_tensors':[{'name':'" + name + "_n'},{'name':'" + name + "_a'}]}", "dim", number(-1))
            .node("mul.Tensor", name + "_s", "self", "%" + name + "_h", "other", "%sin1")
            .node("add.Tensor", name + "_r", "self", "%" + name + "_c", "other", "%" + name + "_s");
    }

    private static void attention(TinyProgram p) {
        p.node("to.dtype", "x32", "self", "%x", "dtype", "{'as_scalar_type':7}")
            .node("pow.Tensor_Scalar", "square", "self", "%x32", "exponent", number(2))
            .node("mean.dim", "mean", "self", "%square", "dim", "{'as_ints':[-1]}", "keepdim", "{'as_bool':true}")
            .node("add.Tensor", "shifted", "self", "%mean", "other", number(1e-6))
            .node("rsqrt.default", "inverse", "self", "%shifted")
            .node("mul.Tensor", "scaled", "self", "%x32", "other", "%inverse")
            .node("_assert_tensor_metadata.default", "", "a", "%scaled", "size", "{'as_none':true}", "stride",
                "{'as_none':true}", "dtype", "{'as_scalar_type':7}", "device",
                "{'as_device':{'type':'cpu','index':null}}", "layout", "{'as_layout':7}")
            .node("mul.Tensor", "normal", "self", "%p_norm", "other", "%scaled").value(7, "normal", "s0", "s1", WIDTH);
        List.of("q", "k", "v").forEach(name -> heads(p, name));
        p.node("unsqueeze.default", "cos1", "self", "%cos", "dim", number(1))
            .node("unsqueeze.default", "sin1", "self", "%sin", "dim", number(1));
        turn(p, "q");
        turn(p, "k");
        // the first sequence's keys go into the cache
        p.node("slice.Tensor", "first", "self", "%k_r", "dim", number(0), "start", number(0), "end", number(1))
            .node("index_copy_.default", "cached", "self", "%b_cache", "dim", number(2), "index", "%place", "source",
                "%first");
        p.node("scaled_dot_product_attention.default", "sdpa", "query", "%q_r", "key", "%k_r", "value", "%v",
            "attn_mask", "%mask", "dropout_p", number(0.0), "is_causal", "{'as_bool':false}", "scale", number(0.5),
            "enable_gqa", "{'as_bool':false}").value(7, "sdpa", "s0", 2, "s1", 4)
            .node("transpose.int", "back", "self", "%sdpa", "dim0", number(1), "dim1", number(2))
            .node("contiguous.default", "dense", "self", "%back")
            .node("reshape.default", "merged", "self", "%dense", "shape", ints("batch", "length", "-1"))
            .node("linear.default", "projected", "input", "%merged", "weight", "%p_o")
            .node("add.Tensor", "residual", "self", "%x", "other", "%projected")
            .node("slice.Tensor", "last", "self", "%residual", "dim", number(1), "start", number(-1), "end",
                number(Long.MAX_VALUE))
            .node("linear.default", "logits", "input", "%last", "weight", "%p_embed")
            .value(7, "logits", "s0", 1, VOCABULARY).output("logits");
    }

    private static Map<String, ConstantValue> inputs(long batch, long length, long... lastIds) {
        long[] ids = new long[(int) (batch * length)];
        long[] mask = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i * 7 % VOCABULARY;
            mask[i] = 1;
        }
        for (int i = 0; i < lastIds.length; i++) {
            ids[i] = lastIds[i];
            mask[i] = 0;
        }
        return Map.of("input_ids", ConstantValue.longs(List.of(batch, length), ids), "attention_mask",
            ConstantValue.longs(List.of(batch, length), mask));
    }

    @Test
    void loadsAndRunsInAllSizes() {
        Graph graph = Pt2Files.load(folder, decoder());
        assertThat(graph.outputs()).extracting("name").containsExactly("logits", "b_cache");
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[s0, 1, 11]");
        for (long[] size : new long[][] {{1, 1}, {2, 5}, {3, 4}}) {
            Map<String, ConstantValue> inputs = inputs(size[0], size[1]);
            Map<String, ConstantValue> expected = Interpreter.run(graph, inputs);
            Map<String, ConstantValue> actual = new GraphRunner(Isa.AVX2, Effort.FAST)
                .prepare(List.of(new GraphRunner.Program(graph, inputs))).getFirst().get();
            expected.forEach((name, value) -> {
                for (long i = 0; i < value.numel(); i++) {
                    assertThat(actual.get(name).doubleAt(i)).as(name + "[" + i + "]")
                        .isCloseTo(value.doubleAt(i), Offset.offset(1e-4));
                }
            });
            long filled = java.util.stream.LongStream.range(0, 2 * CACHE * 4)
                .filter(i -> expected.get("b_cache").doubleAt(i) != 0).count();
            assertThat(filled).isEqualTo(2 * size[1] * 4);
        }
    }

    /** What the padding holds does not matter: the mask was written through a view of it. */
    @Test
    void ignoresWhatIsMasked() {
        Graph graph = Pt2Files.load(folder, decoder());
        List<Double> some = Pt2Files.run(graph, "logits", inputs(2, 5, 3, 4));
        assertThat(Pt2Files.run(graph, "logits", inputs(2, 5, 9, 1))).isEqualTo(some);
        assertThat(Pt2Files.run(graph, "logits", inputs(2, 5))).isNotEqualTo(some);
    }
}
