package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names in a model are text of strangers: nothing in them may become code. */
class ForeignTextTest {
    private static final String PLAIN = "plain";

    @ParameterizedTest
    @ValueSource(strings = {"a\nint injected;", "*/ int injected; /*", "ends with \\", "ends with ??/",
        "\"; int injected;",
        "\r\nint injected;", "\u2028int injected;", "\0int injected;", "%s %1$s %n",
        "KERNEL KERNEL_epilogue", "// /* \\\n*/",
        "\u0085int injected;", "$1 \\1", "\\\nint injected;", "\\\r\nint injected;", "??/\nint injected;",
        "?\\\n?/\nint injected;", "\u2029int injected;", "\u000bint injected;\fint injected;", "*\\\n/ int injected;",
        "\ud800 unpaired", "\\u000aint injected;", "#include \"/etc/passwd\"", "__attribute__((constructor))",
        "File \"model.py\", line 3, in forward\n    x = relu(x)\n*/ int injected;"})
    void namesStayInComments(String name) {
        String source = code(name);
        assertThat(withoutComments(source)).isEqualTo(withoutComments(code(PLAIN)))
            .doesNotContain("injected");
        assertThat(source.chars().allMatch(c -> c == '\n' || c >= ' ' && c <= '~')).isTrue();
        Map<String, ConstantValue> outputs = new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)
            .prepare(List.of(
            new GraphRunner.Program(graph(name), Map.of(name, ConstantValue.floats(List.of(2L), -1, 3)))))
            .getFirst().get();
        assertThat(outputs.get(name)).isEqualTo(ConstantValue.floats(List.of(2L), 2, 5));
    }

    /** The name as that of the input, of the source of calls, and of the output. */
    private static Graph graph(String name) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        var x = g.placeholder(name, FakeTensor.contiguous(DType.F32, 2));
        g.from(List.of(name, "other"));
        var relu = g.call("aten.relu.default", x);
        g.from(List.of("other", name + name));
        g.output(name, g.call("aten.add.Scalar", relu, 2));
        return g.build();
    }

    private static String code(String name) {
        BatchedGraph batched = BatchedGraph.of(graph(name), CpuInfo.detect().bestIsa());
        return batched.loops() + batched.templates();
    }

    private static String withoutComments(String source) {
        return source.lines().filter(l -> !l.startsWith("//")).collect(Collectors.joining("\n"));
    }
}
