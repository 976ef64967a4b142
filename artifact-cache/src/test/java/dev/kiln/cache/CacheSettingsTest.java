package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheSettingsTest {

    @Test
    void readsTheEnvironment() {
        var settings = CacheSettings.of(
                Map.of("KILN_CACHE_DIR", "/c", "KILN_CACHE", "check", "KILN_VERIFY", "2"));
        assertThat(settings.directory()).isEqualTo(Path.of("/c"));
        assertThat(settings.mode()).isEqualTo(CacheMode.CHECK);
        assertThat(settings.verifyLevel()).isEqualTo(2);
    }

    @Test
    void fallsBackToTheUsersCaches() {
        assertThat(CacheSettings.of(Map.of("XDG_CACHE_HOME", "/x")).directory())
                .isEqualTo(Path.of("/x/kiln"));
        assertThat(CacheSettings.of(Map.of()).directory()).endsWith(Path.of(".cache", "kiln"));
        assertThat(CacheSettings.of(Map.of()).mode()).isEqualTo(CacheMode.WRITE);
    }

    @Test
    void saysWhichValuesThereAre() {
        assertThatThrownBy(() -> CacheSettings.of(Map.of("KILN_CACHE", "on")))
                .hasMessage("unknown cache mode 'on': use off, read, write or check");
        assertThatThrownBy(() -> CacheSettings.of(Map.of("KILN_VERIFY", "9")))
                .hasMessageContaining("0, 1 or 2");
    }
}
