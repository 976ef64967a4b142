package dev.kiln.ops.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphText;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ShapeEnvTest {
    private static final long INF = Long.MAX_VALUE;

    private final ShapeEnv env = new ShapeEnv();

    @Test
    void backedQuestionsAreDecidedByHintsAndNameTheOp() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        assertThat(env.<Boolean>asking("aten.slice.Tensor", () -> env.less(SymInt.of(512), s0))).isFalse();
        assertThat(env.guards()).hasToString("[s0 <= 512]");
        assertThat(env.askedBy(env.guards().getFirst())).isEqualTo("aten.slice.Tensor");
    }

    @Test
    void whatGuardsImplyIsNotRecordedAgain() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        SymInt s1 = env.backed("s1", 1, INF, 8);
        assertThat(env.less(SymInt.of(512), s0)).isFalse();
        assertThat(env.less(SymInt.of(1000), s0)).isFalse();
        assertThat(env.equal(s0.times(2), s1.times(2))).isTrue();
        assertThat(env.equal(s1.times(6), s0.times(6))).isTrue();
        assertThat(env.guards()).hasToString("[s0 <= 512, s0 == s1]");
    }

    @Test
    void unbackedSymbolsAreNeverGuardedOn() {
        SymInt u0 = env.unbacked("u0", 0, INF);
        assertThatThrownBy(() -> env.asking("aten.x", () -> env.equal(u0, SymInt.of(3))))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("aten.x: whether u0 == 3 depends on");
        assertThatThrownBy(() -> env.specialize(u0)).isInstanceOf(KilnException.Unsupported.class);
        assertThat(env.equal(u0, SymInt.of(-1))).isFalse();
        assertThat(env.guards()).isEmpty();
        assertThat(env.assertions()).isEmpty();
    }

    @Test
    void undecidableQuestionsTakeTheDeclaredDefault() {
        SymInt u0 = env.unbacked("u0", 0, INF);
        Guard aligned = new Guard.Divisible(u0.times(4), 16);
        assertThat(env.guardOrFalse(aligned)).isFalse();
        assertThat(env.guardOrTrue(aligned)).isTrue();
        assertThat(env.staticallyKnownTrue(aligned)).isFalse();
        assertThat(env.staticallyKnownTrue(new Guard.Divisible(u0.times(32), 16))).isTrue();
        assertThat(env.guardOrTrue(new Guard.Divisible(u0.times(32).plus(4), 16))).isFalse();
        assertThat(env.guards()).isEmpty();
    }

    @Test
    void anUnbackedStorageOffsetIsNotAligned() {
        SymInt u0 = env.unbacked("u0", 0, INF);
        SymInt s0 = env.backed("s0", 1, INF, 8);
        FakeTensor tensor = FakeTensor.contiguous(DType.F32, 4);
        assertThat(tensor.isAligned(env, 16)).isTrue();
        assertThat(tensor.view(tensor.sizes(), tensor.strides(), u0).isAligned(env, 16)).isFalse();
        assertThat(tensor.view(tensor.sizes(), tensor.strides(), u0.times(4)).isAligned(env, 16)).isTrue();
        assertThat(tensor.view(tensor.sizes(), tensor.strides(), s0).isAligned(env, 16)).isFalse();
        assertThat(env.guards()).isEmpty();
        assertThat(env.assertions()).isEmpty();
    }

    @Test
    void defaultsDoNotReplaceWhatHintsDecide() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        assertThat(env.guardOrFalse(Guard.less(SymInt.of(3), s0))).isTrue();
        assertThat(env.guards()).hasToString("[3 < s0]");
        assertThat(env.staticallyKnownTrue(Guard.less(SymInt.of(5), s0))).isFalse();
        assertThat(env.guards()).hasSize(1);
    }

    @Test
    void requiredRelationsOfUnbackedSymbolsBecomeAssertions() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        SymInt u0 = env.unbacked(s0.times(4));
        SymInt u1 = env.unbacked(s0);
        env.require(u0, u1, "aten.add");
        assertThat(env.assertions()).hasToString("[u0 == u1]");
        assertThat(env.guards()).isEmpty();
        assertThat(env.provablyEqual(u1, u0)).isTrue();
        assertThatThrownBy(() -> env.require(u0, u0.plus(1), "aten.add")).isInstanceOf(KilnException.BadInput.class);
    }

    @Test
    void limitsBoundUnbackedSizes() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        SymInt u0 = env.unbacked(s0.times(4));
        SymInt u1 = env.unbacked(u0);
        SymInt u2 = env.unbacked("u2", 0, INF);
        assertThat(env.limit(u0.times(2).plus(u1))).contains(s0.times(12));
        assertThat(env.limit(u0.floorDiv(SymInt.of(3)).max(s0))).contains(s0.times(4).floorDiv(SymInt.of(3)).max(s0));
        assertThat(env.limit(s0.minus(u0))).contains(s0);
        assertThat(env.limit(u2)).isEmpty();
        assertThat(env.limit(u2.min(s0))).contains(s0);
        assertThat(env.provablyAtMost(u1, s0.times(4))).isTrue();
        assertThat(env.hint(u0)).isEqualTo(32);
    }

    @Test
    void duckSizingIsAnOption() {
        assertThat(env.size(8)).isNotEqualTo(env.size(8));
        ShapeEnv duck = new ShapeEnv(new ShapePolicy(true, false));
        assertThat(duck.size(8)).isEqualTo(duck.size(8)).isNotEqualTo(duck.size(9));
        assertThat(duck.size(1).isConstant()).isFalse();
    }

    @Test
    void zeroAndOneAreSpecializedOnRequestOnly() {
        assertThat(env.size(1).isConstant()).isFalse();
        assertThat(env.symbols().getFirst().min()).isEqualTo(1);
        ShapeEnv special = new ShapeEnv(new ShapePolicy(false, true));
        assertThat(special.size(0)).isEqualTo(SymInt.ZERO);
        assertThat(special.size(1)).isEqualTo(SymInt.ONE);
        assertThat(special.equal(special.size(7), SymInt.ONE)).isFalse();
        assertThat(special.guards()).isEmpty();
    }

    @Test
    void reinferenceFindsTheSameSymbols() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        SymInt u0 = env.unbacked(s0);
        assertThat(env.rebinding(List.of("u0"), () -> env.unbacked(s0.times(2)))).isEqualTo(u0);
        assertThat(env.unbacked(s0)).isEqualTo(SymInt.symbol("u1"));
    }

    @Test
    void guardsSimplify() {
        SymInt s0 = env.backed("s0", 1, INF, 8);
        Guard open = Guard.less(SymInt.of(3), s0);
        assertThat(env.evaluate(new Guard.All(List.of(Guard.atMost(SymInt.ONE, s0), open, open)))).isTrue();
        assertThat(env.guards()).hasToString("[3 < s0]");
        assertThat(env.evaluate(new Guard.Not(new Guard.Any(List.of(Guard.equal(s0, SymInt.of(20)),
            new Guard.Divisible(s0, 16)))))).isTrue();
        assertThat(env.guards()).hasToString("[3 < s0, s0 != 20, not(divisible(s0, 16))]");
    }

    @Test
    void guardTextRoundTripsAndEvaluates() {
        Random random = new Random(11);
        for (String text : List.of("s0 <= 512", "divisible(4*s0, 16)", "not(divisible(s0, 3))",
                "or(s0 == 1, and(s1 < s0, divisible(max(s0, s1), 2)))", "and()", "floordiv(s0, 2) != mod(s1, 3) - 2")) {
            Guard guard = Guard.parse(text);
            assertThat(guard).hasToString(text);
            for (int i = 0; i < 50; i++) {
                Map<String, Long> values = Map.of("s0", (long) random.nextInt(40), "s1", (long) random.nextInt(40));
                assertThat(guard.negated().holds(values::get)).isNotEqualTo(guard.holds(values::get));
            }
        }
    }

    @Test
    void graphTextKeepsSymbolsGuardsAndAssertions() {
        String text = """
            symbol s0 in [1, inf] hint 8
            symbol u0 in [0, inf] hint 32 unbacked limit 4*s0
            symbol u1 in [0, 100] hint 100 unbacked
            guard s0 <= 512  # "aten.slice.Tensor"
            guard or(s0 == 7, divisible(s0, 2))
            assert u0 == u1  # "aten.add.Tensor"
            %x = placeholder "x" : f32[s0, 4]
            return "y": %x
            """;
        assertThat(GraphText.parse(text)).hasToString(text);
    }

    /** topk of {@code min(300, n)} out of n candidates that data left. */
    @Test
    void minimaAndMaximaCompareWithTheirParts() {
        ShapeEnv shapes = new ShapeEnv();
        SymInt size = shapes.unbacked("u7", 0, Long.MAX_VALUE);
        SymInt least = size.min(SymInt.of(300));
        SymInt most = size.max(SymInt.of(300));
        assertThat(shapes.provablyAtMost(least, size)).isTrue();
        assertThat(shapes.less(size, least)).isFalse();
        assertThat(shapes.provablyAtMost(least, most)).isTrue();
        assertThat(shapes.staticallyKnownTrue(Guard.less(least, most.plus(1)))).isTrue();
        assertThat(shapes.provablyAtMost(size, least)).isFalse();
        assertThat(shapes.guards()).isEmpty();
    }
}
