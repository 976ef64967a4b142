package dev.kiln.frontend;

import static dev.kiln.frontend.Program.v;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** In-place ops, views and aliases: op by op and traced, compared with the same program in libtorch. */
class FunctionalizationTest {
    @TestFactory
    Stream<DynamicTest> sameAsLibtorch() {
        return cases().entrySet().stream().map(e -> DynamicTest.dynamicTest(e.getKey(), e.getValue()::check));
    }

    private static Program program() {
        return new Program().input("x", 3, 4);
    }

    private static java.util.Map<String, Program> cases() {
        java.util.Map<String, Program> cases = new java.util.LinkedHashMap<>();
        views(cases);
        aliases(cases);
        dtypes(cases);
        return cases;
    }

    /** Writes to each kind of view of something computed, which the base and another view must see. */
    private static void views(java.util.Map<String, Program> cases) {
        java.util.Map<String, Object[]> views = new java.util.LinkedHashMap<>();
        views.put("slice.Tensor", new Object[] {v("b"), 1, 1, 3});
        views.put("slice.Tensor steps", new Object[] {v("b"), 1, 0, null, 2});
        views.put("slice.Tensor from the end", new Object[] {v("b"), 0, -2, null});
        views.put("select.int", new Object[] {v("b"), 0, -1});
        views.put("view.default", new Object[] {v("b"), List.of(2, -1)});
        views.put("reshape.default", new Object[] {v("b"), List.of(6, 2)});
        views.put("permute.default", new Object[] {v("b"), List.of(-1, 0)});
        views.put("transpose.int", new Object[] {v("b"), 0, 1});
        views.put("t.default", new Object[] {v("b")});
        views.put("unsqueeze.default", new Object[] {v("b"), -1});
        views.put("squeeze.default", new Object[] {v("b")});
        views.put("diagonal.default", new Object[] {v("b"), 1});
        views.put("narrow.default", new Object[] {v("b"), 1, 1, 2});
        views.put("flatten.using_ints", new Object[] {v("b")});
        views.put("unflatten.int", new Object[] {v("b"), 1, List.of(2, 2)});
        views.put("swapaxes.default", new Object[] {v("b"), 0, 1});
        views.put("movedim.int", new Object[] {v("b"), 0, 1});
        views.put("alias.default", new Object[] {v("b")});
        views.put("detach.default", new Object[] {v("b")});
        views.put("contiguous.default", new Object[] {v("b")});
        views.put("as_strided.default", new Object[] {v("b"), List.of(2, 2), List.of(4, 2), 1});
        views.put("expand.default", new Object[] {v("b"), List.of(-1, 4)});
        views.put("view_as.default", new Object[] {v("b"), v("x")});
        views.put("positive.default", new Object[] {v("b")});
        views.forEach((name, args) -> {
            cases.put(name + " of a result",
                program().let("b", "mul.Scalar", v("x"), 2).let("w", name.split(" ")[0], args)
                    .let("o", "select.int", v("b"), 1, 1).change("mul_.Scalar", v("w"), 3).change("add_.Scalar", v("o"), 1)
                    .let("y", "add.Scalar", v("b"), 1).give("y", "w", "o", "b"));
            cases.put(name + " of an input", program().let("b", "alias.default", v("x")).let("w", name.split(" ")[0], args)
                .change("mul_.Scalar", v("w"), 3).let("y", "sin.default", v("x")).give("w", "y"));
        });
        cases.put("squeeze.dim", new Program().input("x", 3, 1, 2).let("w", "squeeze.dim", v("x"), 1)
            .change("zero_.default", v("w")).give("w"));
        cases.put("split", program().let(List.of("a", "c", "d"), "split_with_sizes.default", v("x"), List.of(1, 2, 1), 1)
            .change("fill_.Scalar", v("c"), 7).change("add_.Tensor", v("a"), v("d")).give("a", "c"));
        cases.put("chunk", program().let(List.of("a", "c"), "chunk.default", v("x"), 2, 1).change("neg_.default", v("c"))
            .give("c", "a"));
        cases.put("unbind", program().let(List.of("a", "c", "d"), "unbind.int", v("x"), 0).change("copy_.default", v("c"),
            v("a")).give("d", "c"));
        cases.put("views of views", program().let("a", "transpose.int", v("x"), 0, 1).let("c", "slice.Tensor", v("a"), 0, 1, 3)
            .let("d", "select.int", v("c"), 1, 2).let("e", "unsqueeze.default", v("d"), 0).change("mul_.Scalar", v("e"), -2)
            .change("add_.Scalar", v("c"), 1).let("y", "clone.default", v("e")).give("y", "a"));
        cases.put("expanded, then one place", new Program().input("x", 3, 1).let("b", "mul.Scalar", v("x"), 2)
            .let("a", "expand.default", v("b"), List.of(3, 4)).let("c", "select.int", v("a"), 1, 0)
            .change("add_.Scalar", v("c"), 5).let("y", "clone.default", v("a")).give("y"));
        cases.put("complex parts", new Program().input("x", Tensor.ofComplex(new float[] {1, 2, 3, 4, 5, 6}, 3))
            .let("r", "view_as_real.default", v("x")).let("i", "imag.default", v("x")).change("mul_.Scalar", v("i"), 2)
            .let("y", "clone.default", v("r")).give("y"));
    }

    private static void aliases(java.util.Map<String, Program> cases) {
        cases.put("input returned", program().change("add_.Scalar", v("x"), 1).give("x"));
        cases.put("input returned unchanged", program().let("y", "sin.default", v("x")).give("x", "y"));
        cases.put("input returned twice", program().let("a", "select.int", v("x"), 0, 1).let("c", "t.default", v("x"))
            .give("a", "c", "x", "a"));
        cases.put("views of one result", program().let("b", "cos.default", v("x")).let("a", "select.int", v("b"), 0, 1)
            .let("c", "slice.Tensor", v("b"), 1, 1, 4).give("a", "c"));
        cases.put("a result and its view", program().let("b", "cos.default", v("x")).let("a", "t.default", v("b"))
            .give("a", "b"));
        cases.put("one result twice", program().let("b", "cos.default", v("x")).give("b", "b"));
        cases.put("two inputs", program().input("z", 4).change("add_.Tensor", v("x"), v("z")).change("mul_.Tensor", v("z"),
            v("z")).let("y", "sum.default", v("x")).give("y"));
        cases.put("copy between inputs", program().input("z", 4).change("copy_.default", v("x"), v("z")).give("z"));
        cases.put("sizes changed in place", program().let("b", "neg.default", v("x")).change("unsqueeze_.default", v("b"), 0)
            .change("transpose_.int", v("b"), 0, 2).let("y", "add.Scalar", v("b"), 1).give("y", "b"));
    }

    private static void dtypes(java.util.Map<String, Program> cases) {
        Tensor whole = Tensor.ofLongs(new long[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4);
        Tensor mask = Tensor.ofBooleans(new boolean[] {true, false, true, true}, 4);
        Tensor rows = Tensor.ofLongs(new long[] {2, 0, 2}, 3);
        cases.put("integer into float", program().input("i", whole).change("add_.Tensor", v("x"), v("i")).give("i"));
        cases.put("float into integer by copy", program().input("i", whole).change("copy_.default", v("i"), v("x"))
            .give("i"));
        cases.put("comparison in place", program().change("gt_.Scalar", v("x"), 0.1).give("x"));
        cases.put("masked fill", program().input("m", mask).change("masked_fill_.Scalar", v("x"), v("m"), -1.5).give("m")
            .keep("m"));
        cases.put("index put", program().input("r", rows).let("w", "slice.Tensor", v("x"), 1, 1, 3)
            .let("z", "full.default", List.of(3, 2), 4.5).change("index_put_.default", v("w"), List.of(v("r")), v("z"))
            .give("w"));
        cases.put("index put that adds", program().input("r", rows).let("z", "full.default", List.of(3, 4), 0.5)
            .change("index_put_.default", v("x"), List.of(v("r")), v("z"), true).give("x"));
        cases.put("scatter add", program().input("r", Tensor.ofLongs(new long[] {0, 1, 1, 0}, 1, 4))
            .let("z", "full.default", List.of(1, 4), 0.25).change("scatter_add_.default", v("x"), 0, v("r"), v("z"))
            .give("x"));
        cases.put("to of the same dtype", program().let("a", "to.dtype", v("x"), DType.F32).change("add_.Scalar", v("a"), 1)
            .give("a"));
        cases.put("to of another dtype", program().let("a", "to.dtype", v("x"), DType.F64).change("add_.Scalar", v("a"), 1)
            .give("a"));
    }
}
