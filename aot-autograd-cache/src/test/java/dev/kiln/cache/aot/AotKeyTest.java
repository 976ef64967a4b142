package dev.kiln.cache.aot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.CacheKey;
import dev.kiln.cache.KeyBuilder;
import dev.kiln.cache.KeyComponents;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class AotKeyTest {
    private static final AotOptions BASE = AotOptions.inference(3);

    @Test
    void everyOptionCounts() {
        var seen = new HashSet<CacheKey>();
        for (AotOptions options : List.of(BASE,
                new AotOptions(4, true, true, false, false, "", false, false, false, false, List.of()),
                new AotOptions(3, false, true, false, false, "", false, false, false, false, List.of()),
                new AotOptions(3, true, false, false, false, "", false, false, false, false, List.of()),
                new AotOptions(3, true, true, true, false, "", false, false, false, false, List.of()),
                new AotOptions(3, true, true, false, true, "", false, false, false, false, List.of()),
                new AotOptions(3, true, true, false, false, "bf16", false, false, false, false, List.of()),
                new AotOptions(3, true, true, false, false, "f16", false, false, false, false, List.of()),
                new AotOptions(3, true, true, false, false, "", true, false, false, false, List.of()),
                new AotOptions(3, true, true, false, false, "", false, true, false, false, List.of()),
                new AotOptions(3, true, true, false, false, "", false, false, true, false, List.of()),
                new AotOptions(3, true, true, false, false, "", false, false, false, true, List.of()),
                new AotOptions(3, true, true, false, false, "", false, false, false, false, List.of(0)),
                new AotOptions(3, true, true, false, false, "", false, false, false, false, List.of(0, 1)))) {
            assertThat(seen.add(AotKey.components(traced("g"), options).key())).as(options.toString())
                    .isTrue();
        }
        assertThat(seen.add(AotKey.components(traced("h"), BASE).key())).as("the graph").isTrue();
    }

    @Test
    void namesWhatDiffers() {
        var one = AotKey.components(traced("g"), BASE);
        var two = AotKey.components(traced("h"), AotOptions.inference(9));
        assertThat(one.differences(two)).containsExactly("aot.num_params_buffers", "graph");
        assertThat(one.key().domain()).isEqualTo("ka");
        assertThat(one.key()).isEqualTo(AotKey.components(traced("g"), BASE).key());
    }

    private static KeyComponents traced(String graph) {
        var keys = new KeyBuilder("kg");
        keys.component("graph").text(graph);
        return keys.components();
    }
}
