package dev.kiln.cache.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RemoteSettingsTest {

    @Test
    void readsTheEnvironment() {
        assertThat(RemoteSettings.of(Map.of())).isEmpty();
        assertThat(RemoteSettings.of(Map.of("KILN_REMOTE_CACHE", "redis://here"))).contains(
                RemoteSettings.of("redis://here:6379"));
        var all = RemoteSettings.of(Map.of("KILN_REMOTE_CACHE", "rediss://me:hidden@here:1234/3",
                "KILN_REMOTE_CACHE_MODE", "read", "KILN_REMOTE_CACHE_EXPIRE", "60", "KILN_REMOTE_CACHE_TIMEOUT", "500",
                "KILN_REMOTE_CACHE_SECRET", "word")).orElseThrow();
        assertThat(all.writes()).isFalse();
        assertThat(all.lifetime()).contains(Duration.ofMinutes(1));
        assertThat(all.timeout()).isEqualTo(Duration.ofMillis(500));
        assertThat(all.secret()).contains("word");
        assertThat(all.toString()).isEqualTo("rediss://here:1234 (read only) (signed)");
    }

    @Test
    void saysWhatIsWrongWithoutThePassword() {
        for (String address : new String[] {"here:6379", "http://me:hidden@here", "redis://", "redis://me:hidden@here/x",
                "redis://me:hidden@he re"}) {
            assertThatThrownBy(() -> RemoteSettings.of(address)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("redis://host:port").hasMessageNotContaining("hidden");
        }
        assertThatThrownBy(() -> RemoteSettings.of(Map.of("KILN_REMOTE_CACHE", "redis://a",
                "KILN_REMOTE_CACHE_MODE", "both"))).hasMessageContaining("read or write");
        for (String expire : new String[] {"0", "-1", "1d", "12345678901"}) {
            assertThatThrownBy(() -> RemoteSettings.of(Map.of("KILN_REMOTE_CACHE", "redis://a",
                    "KILN_REMOTE_CACHE_EXPIRE", expire))).hasMessageContaining("KILN_REMOTE_CACHE_EXPIRE");
        }
    }
}
