package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class KeyBuilderTest {

    /** Fails when the encoding changes; then {@code KeyComponents.ENCODING} must be raised. */
    @Test
    void aKeyIsTheSameInEveryProcessAndVersion() {
        var keys = new KeyBuilder("kg");
        keys.component("graph").text("add(a, b)").list(List.of("x", "y")).set(Set.of("q", "p"));
        keys.component("options").field("threads", 2).field("fast", false).field("scale", 0.5)
                .field("isa", "avx512")
                .map(Map.of("b", "2", "a", "1")).absent().bytes(new byte[] {1, 2});
        keys.component("constants").blob(new Blob("ab".repeat(32), 4096));
        assertThat(keys.key()).hasToString("kgb4qrmtgj3zvbo5e2lxhdo3qjqkn2ooa5tqznat6r7rco2brdly6q");
    }

    @Test
    void everyComponentAndEveryValueCounts() {
        var seen = new HashSet<CacheKey>();
        List<Consumer<KeyBuilder>> variants = List.of(
                keys -> { },
                keys -> keys.component("a"),
                keys -> keys.component("b"),
                keys -> keys.component("a").text(""),
                keys -> keys.component("a").absent(),
                keys -> keys.component("a").number(0),
                keys -> keys.component("a").real(0),
                keys -> keys.component("a").real(-0.0),
                keys -> keys.component("a").flag(false),
                keys -> keys.component("a").flag(true),
                keys -> keys.component("a").text("1"),
                keys -> keys.component("a").number(1),
                keys -> keys.component("a").bytes("1".getBytes()),
                keys -> keys.component("a").list(List.of()),
                keys -> keys.component("a").set(Set.of()),
                keys -> keys.component("a").map(Map.of()),
                keys -> keys.component("a").list(List.of("x", "y")),
                keys -> keys.component("a").list(List.of("y", "x")),
                keys -> keys.component("a").list(List.of("xy")),
                keys -> keys.component("a").text("x").text("y"),
                keys -> keys.component("a").text("xy"),
                keys -> {
                    keys.component("a").text("x");
                    keys.component("b").text("y");
                },
                keys -> keys.component("a").map(Map.of("x", "y")),
                keys -> keys.component("a").blob(new Blob("0".repeat(64), 1)),
                keys -> keys.component("a").blob(new Blob("0".repeat(64), 2)),
                keys -> keys.component("a").blob(new Blob("1".repeat(64), 1)));
        for (var variant : variants) {
            var keys = new KeyBuilder("kg");
            variant.accept(keys);
            assertThat(seen.add(keys.key())).as("variant %d", seen.size()).isTrue();
        }
        assertThat(seen.add(new KeyBuilder("ka").key())).as("the domain counts").isTrue();
    }

    @Test
    void orderOfComponentsSetsAndMapsDoesNotCount() {
        var forward = new KeyBuilder("kg");
        forward.component("a").set(List.of("p", "q")).map(linked("x", "y"));
        forward.component("b").number(1);
        var backward = new KeyBuilder("kg");
        backward.component("b").number(1);
        backward.component("a").set(List.of("q", "p", "p")).map(linked("y", "x"));
        assertThat(forward.key()).isEqualTo(backward.key());
    }

    @Test
    void objectIdentityDoesNotCount() {
        var shared = new String("same");
        var one = new KeyBuilder("kg");
        one.component("a").text(shared).text(shared);
        var two = new KeyBuilder("kg");
        two.component("a").text(new String("same")).text(new String("same"));
        assertThat(one.key()).isEqualTo(two.key());
    }

    @Test
    void everyNotANumberIsTheSame() {
        var one = new KeyBuilder("kg");
        one.component("a").real(Double.NaN);
        var two = new KeyBuilder("kg");
        two.component("a").real(Double.longBitsToDouble(0x7ff8000000000001L));
        assertThat(one.key()).isEqualTo(two.key());
    }

    @Test
    void differencesNameTheComponents() {
        assertThat(Samples.components(1).differences(Samples.components(2))).containsExactly("graph");
        assertThat(Samples.components(1).differences(new KeyBuilder("kg").components()))
                .containsExactly("compiler", "graph", "options");
    }

    @Test
    void componentsSurviveTheirTextForm() {
        var components = Samples.components(3);
        assertThat(KeyComponents.parse(components.toBytes())).isEqualTo(components);
        assertThatThrownBy(() -> KeyComponents.parse("kg\nnonsense".getBytes()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void rejectsWhatIsNoKey() {
        for (var text : List.of("", "kg", "kg" + "a".repeat(51), "xg" + "a".repeat(52), "kg" + "A".repeat(52),
                "kg" + "1".repeat(52), "k2" + "a".repeat(52), "../" + "a".repeat(51))) {
            assertThatThrownBy(() -> new CacheKey(text)).as(text)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(Samples.key(1).text()).matches("kg[a-z2-7]{52}");
        assertThat(Samples.key(1).domain()).isEqualTo("kg");
    }

    private static Map<String, String> linked(String first, String second) {
        var map = new LinkedHashMap<String, String>();
        map.put(first, "1");
        map.put(second, "1");
        return map;
    }
}
