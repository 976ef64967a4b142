package dev.kiln.stages.autograd;

import static dev.kiln.stages.autograd.JointSketch.bytes;
import static dev.kiln.stages.autograd.JointSketch.computed;
import static dev.kiln.stages.autograd.JointSketch.ops;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionerTest {
    private final JointSketch g = new JointSketch();

    /** y = sin(cos(sin(cos(...x)))) and its derivative. */
    private JointGraph chain(int length, Object... sizes) {
        List<Arg.Ref> values = new ArrayList<>(List.of(g.primal("x", sizes)));
        for (int i = 0; i < length; i++) {
            values.add(g.unary(i % 2 == 0 ? "sin" : "cos", values.getLast()));
        }
        Arg.Ref gradient = g.tangentOf(values.getLast());
        for (int i = length - 1; i >= 0; i--) {
            Arg.Ref slope = i % 2 == 0 ? g.unary("cos", values.get(i)) : g.unary("neg", g.unary("sin", values.get(i)));
            gradient = g.mul(gradient, slope);
        }
        g.gradient("x", gradient);
        return g.build();
    }

    @Test
    void aPointwiseChainIsComputedAgainFromItsInput() {
        chain(8, 1 << 20);
        assertThat(g.cut(1).saved()).containsExactly("x");
        assertThat(bytes(g.keepAll())).isEqualTo(7L << 22);
    }

    @Test
    void whatIsComputedAgainStandsRightBeforeItsUser() {
        chain(3, 8);
        assertThat(ops(g.cut(1).backward())).as("the last derivative's argument first, nothing in advance")
            .containsExactly("sin", "cos", "cos", "mul", "sin", "neg", "mul", "cos", "mul");
    }

    @Test
    void nothingIsComputedBeforeItsFirstUser() {
        Arg.Ref x = g.primal("x", 64);
        Arg.Ref late = g.unary("exp", x);
        Arg.Ref tangent = g.tangentOf(g.unary("sin", x));
        Arg.Ref first = g.unary("tanh", tangent);
        g.gradient("x", g.mul(first, late));
        assertThat(ops(g.cut(1).backward())).containsExactly("tanh", "exp", "mul");
    }

    @Test
    void reductionsAreSaved() {
        Arg.Ref x = g.primal("x", 64, 128);
        Arg.Ref sum = g.call("sum.dim_IntList", g.unary("exp", x), List.of(1), true);
        Arg.Ref tangent = g.tangentOf(g.call("div.Tensor", x, sum));
        g.gradient("x", g.call("div.Tensor", tangent, sum));
        Partition partition = g.cut(1);
        assertThat(computed(partition)).containsExactly("saved_" + sum.node());
        assertThat(ops(partition.backward())).containsExactly("div");
    }

    @Test
    void viewsAreMadeAgainFromWhatTheyAreViewsOf() {
        Arg.Ref x = g.primal("x", 32, 16);
        Arg.Ref w = g.primal("w", 16, 24);
        Arg.Ref product = g.call("mm.default", x, w);
        Arg.Ref view = g.call("expand.default", g.call("view.default", g.call("t.default", product),
            List.of(1, 24, 32)), List.of(7, 24, 32));
        Arg.Ref tangent = g.tangentOf(view);
        g.gradient("x", g.mul(tangent, view));
        Partition cut = g.cut(1);
        assertThat(computed(cut)).containsExactly("saved_" + product.node());
        assertThat(ops(cut.backward())).containsExactly("t", "view", "expand", "mul");
        assertThat(computed(g.keepAll())).containsExactly("saved_" + product.node());
    }

    @Test
    void viewsOfInputsAreNotSavedBesidesThem() {
        Arg.Ref x = g.primal("x", 32, 16);
        Arg.Ref w = g.primal("w", 24, 16);
        Arg.Ref part = g.call("slice.Tensor", g.call("t.default", w), 1, 3, 9);
        Arg.Ref tangent = g.tangentOf(g.call("mm.default", x, part));
        g.gradient("x", g.call("mm.default", tangent, g.call("t.default", part)));
        for (Partition partition : List.of(g.cut(1), g.cut(0.5), g.cut(0), g.keepAll())) {
            assertThat(partition.saved()).containsExactly("w");
        }
    }

    @Test
    void aSmallPartOfALargeResultIsSavedAlone() {
        Arg.Ref x = g.primal("x", 32, 16);
        Arg.Ref product = g.call("mm.default", x, g.primal("w", 16, 640));
        Arg.Ref part = g.call("slice.Tensor", product, 1, 5, 9);
        Arg.Ref tangent = g.tangentOf(product);
        g.gradient("x", g.mul(g.call("slice.Tensor", tangent, 1, 0, 4), part));
        assertThat(computed(g.cut(1))).containsExactly("saved_" + part.node());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.25, 0.5, 0.75, 1})
    void randomNumbersAreDrawnOnceWhateverTheBudgetIs(double budget) {
        Arg.Ref x = g.primal("x", 32, 16);
        Arg.Ref first = g.call("native_dropout.default", g.call("mm.default", x, g.primal("w", 16, 16)), 0.5, true);
        Arg.Ref second = g.call("native_dropout.default", g.unary("tanh", first), 0.5, true);
        Arg.Ref noise = g.call("rand_like.default", x);
        Arg.Ref tangent = g.tangentOf(second);
        Arg.Ref gradient = g.mul(g.mul(tangent, new Arg.Ref(second.node(), 1)), new Arg.Ref(first.node(), 1));
        g.gradient("x", g.mul(g.mul(gradient, g.unary("tanh", first)), noise));
        for (Partition partition : List.of(g.cut(budget), g.keepAll())) {
            assertThat(ops(partition.backward())).doesNotContain("native_dropout", "rand_like");
            assertThat(ops(partition.forward())).filteredOn(o -> o.contains("dropout") || o.contains("rand")).hasSize(3);
            assertThat(partition.backward().placeholders()).allMatch(p -> p.tensor().rank() == 2);
            assertThat(computed(partition)).contains("saved_native_dropout_1", "saved_native_dropout_1_1");
        }
    }

    @Test
    void ofACallWithSeveralOutputsOnlyThoseNeededAreSaved() {
        Arg.Ref x = g.primal("x", 32, 16);
        Arg.Ref sorted = g.call("sort.default", x, -1, false);
        Arg.Ref indices = new Arg.Ref(sorted.node(), 1);
        Arg.Ref tangent = g.tangentOf(sorted);
        g.gradient("x", g.call("scatter.src", g.call("full.default", List.of(32, 16), 0.0), 1, indices, tangent));
        for (Partition partition : List.of(g.cut(1), g.keepAll())) {
            assertThat(computed(partition)).containsExactly("saved_" + sorted.node() + "_1");
            assertThat(partition.backward().placeholders().getFirst().tensor().dtype().text()).isEqualTo("i64");
        }
    }

    @Test
    void openSizesNeedNoTensor() {
        SymInt rows = g.builder.shapes().backed("s0", 1, 1000, 8);
        SymInt unused = g.builder.shapes().backed("s1", 1, 1000, 8);
        Arg.Ref x = g.primal("x", rows, 4);
        g.primal("z", unused, 4);
        Arg.Ref tangent = g.tangentOf(g.call("sum.dim_IntList", x, List.of(0, 1), false));
        g.gradient("x", g.call("expand.default", tangent, List.of(rows, SymInt.of(4))));
        for (Partition partition : List.of(g.cut(1), g.cut(0), g.keepAll())) {
            assertThat(partition.saved()).containsExactly("saved_sizes");
            assertThat(bytes(partition)).isZero();
            assertThat(partition.backward().placeholders().getFirst().tensor().sizes())
                .containsExactly(rows, SymInt.ZERO);
            assertThat(partition.backward().shapes().symbols()).extracting("name").containsExactly("s0");
        }
    }

    @Test
    void aSymbolThatATangentHasNeedsNothing() {
        SymInt rows = g.builder.shapes().backed("s0", 1, 1000, 8);
        Arg.Ref x = g.primal("x", rows, 4);
        Arg.Ref tangent = g.tangentOf(g.call("sum.dim_IntList", x, List.of(1), true));
        g.gradient("x", g.call("expand.default", tangent, List.of(rows, SymInt.of(4))));
        assertThat(g.cut(1).saved()).isEmpty();
    }

    @Test
    void budgetsBuyMemoryOfProductsWorthTheirTime() {
        int[] widths = {8, 64, 16, 128, 32, 256, 8, 96};
        Arg.Ref h = g.primal("x", 64, widths[0]);
        List<Arg.Ref> inputs = new ArrayList<>();
        List<Arg.Ref> weights = new ArrayList<>();
        for (int i = 1; i < widths.length; i++) {
            weights.add(g.primal("w" + i, widths[i - 1], widths[i]));
            inputs.add(h);
            h = g.unary("tanh", g.call("mm.default", h, weights.getLast()));
        }
        Arg.Ref gradient = g.tangentOf(h);
        for (int i = inputs.size() - 1; i >= 0; i--) {
            g.gradient("w" + (i + 1), g.call("mm.default", g.call("t.default", inputs.get(i)), gradient));
            gradient = g.call("mm.default", gradient, g.call("t.default", weights.get(i)));
        }
        long all = bytes(g.cut(1));
        assertThat(bytes(g.cut(0))).isZero();
        long before = 0;
        for (double budget : new double[] {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}) {
            Partition partition = g.cut(budget);
            assertThat((double) bytes(partition)).isLessThanOrEqualTo(budget * all);
            assertThat(products(partition)).as("budget %s", budget).isLessThan(products(g.cut(0)));
            before = Math.max(before, bytes(partition));
        }
        assertThat(before).isGreaterThan(all / 2);
    }

    private static long products(Partition partition) {
        return ops(partition.backward()).stream().filter("mm"::equals).count();
    }

    @Test
    void theMaterializedBanKeepsWhatProductsOfTheBackwardGraphRead() {
        Arg.Ref x = g.primal("x", 32, 16);
        Arg.Ref h = g.call("mm.default", x, g.primal("w", 16, 16));
        Arg.Ref active = g.unary("gelu", h);
        Arg.Ref tangent = g.tangentOf(active);
        g.gradient("w", g.call("mm.default", g.call("t.default", active), g.mul(tangent, h)));
        assertThat(computed(g.cut(1))).containsExactly("saved_" + h.node());
        PartitionOptions banned = PartitionOptions.defaults().withBanRecomputeMaterializedBackward(true);
        assertThat(computed(new MinCutPartitioner(banned).partition(g.build())))
            .containsExactly("saved_" + h.node(), "saved_" + active.node());
    }

    @Test
    void resultsDoNotDependOnTheRun() {
        JointGraph joint = chain(40, 12, 12);
        Partition first = new MinCutPartitioner(PartitionOptions.defaults()).partition(joint);
        Partition second = new MinCutPartitioner(PartitionOptions.defaults()).partition(joint);
        assertThat(second.backward().toString()).isEqualTo(first.backward().toString());
        assertThat(second.forward().toString()).isEqualTo(first.forward().toString());
    }

    @Test
    void thousandsOfCallsAreCutIntoPieces() {
        JointGraph joint = chain(1700, 64, 64);
        assertThat(joint.graph().calls()).hasSizeGreaterThan(5000);
        Partition partition = new MinCutPartitioner(PartitionOptions.defaults()).partition(joint);
        assertThat(partition.saved()).hasSizeBetween(2, 60);
    }

    @Test
    void withoutTangentsNothingIsSaved() {
        Arg.Ref x = g.primal("x", 4);
        g.gradient("x", g.call("full.default", List.of(4), 1.0));
        Partition partition = g.cut(1);
        assertThat(partition.saved()).isEmpty();
        assertThat(partition.forward().placeholders()).extracting(Node.Placeholder::name).containsExactly(x.node());
        assertThat(ops(partition.backward())).containsExactly("full");
    }

    @Test
    void aBudgetOutsideOfItsRangeIsRefused() {
        assertThatThrownBy(() -> PartitionOptions.defaults().withActivationMemoryBudget(1.5))
            .isInstanceOf(KilnException.BadInput.class)
            .hasMessage("activation_memory_budget must be from 0 to 1, got 1.5");
    }

    @Test
    void eachOptionIsInTheCachesKey() {
        PartitionOptions options = PartitionOptions.defaults();
        assertThat(options.settings()).hasSameSizeAs(PartitionOptions.class.getRecordComponents());
        assertThat(options.withActivationMemoryBudget(0.5).settings()).isNotEqualTo(options.settings());
        assertThat(options.withAggressiveRecomputation(true).settings()).isNotEqualTo(options.settings());
    }
}
