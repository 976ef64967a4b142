package dev.kiln.stages.trace.pt2.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZipArchiveTest {
    private static ZipArchive open(byte[] bytes) {
        return new ZipArchive("f.pt2", MemorySegment.ofArray(bytes));
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void readsEntries(Style style) {
        ZipArchive zip = open(new ZipWriter(style).add("a/one", "1\n").add("a/b.c/empty", "").add("a/two", "22")
            .bytes());
        assertThat(zip.names()).containsExactly("a/one", "a/b.c/empty", "a/two");
        assertThat(zip.root()).contains("a/");
        assertThat(zip.text("a/one")).contains("1");
        assertThat(zip.bytes("a/b.c/empty").byteSize()).isZero();
        assertThat(zip.bytes("a/two").toArray(ValueLayout.JAVA_BYTE)).containsExactly('2', '2');
        assertThat(zip.text("a/three")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void readsAnArchiveInAnother(Style style) {
        byte[] inner = new ZipWriter(style).add("x/y", "deep").bytes();
        ZipArchive nested = open(new ZipWriter(style).add("r/inner.pt", inner).bytes()).nested("r/inner.pt");
        assertThat(nested.text("x/y")).contains("deep");
    }

    @Test
    void readsThroughAComment() {
        byte[] zip = new ZipWriter(Style.PLAIN).add("a/one", "1").bytes();
        byte[] commented = Arrays.copyOf(zip, zip.length + 3);
        commented[zip.length - 2] = 3;
        assertThat(open(commented).text("a/one")).contains("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/../x", "/x", "a\\..\\x", "C:/x", "a/.."})
    void refusesNamesThatLeadOutside(String name) {
        assertThatThrownBy(() -> open(new ZipWriter(Style.PLAIN).add(name, "1").bytes()))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("leads outside the archive");
    }

    @Test
    void refusesAnEntryTwice() {
        assertThatThrownBy(() -> open(new ZipWriter(Style.PLAIN).add("a/x", "1").add("a/x", "2").bytes()))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("'a/x' is there twice");
    }

    @Test
    void refusesACompressedEntry() {
        assertThatThrownBy(() -> open(new ZipWriter(Style.PLAIN).add("a/x", new byte[] {3, 0}, 0, 8).bytes()))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("'a/x' is compressed");
    }

    @Test
    void detectsADamagedEntryWhenItIsRead() {
        ZipArchive zip = open(new ZipWriter(Style.PLAIN).add("a/good", "1").add("a/bad", new byte[] {1}, 99, 0)
            .bytes());
        assertThat(zip.text("a/good")).contains("1");
        assertThatThrownBy(() -> zip.bytes("a/bad")).isInstanceOf(KilnException.BadInput.class)
            .hasMessage("f.pt2: entry 'a/bad' is damaged (its checksum does not match)");
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void refusesEveryTruncatedFile(Style style) {
        byte[] zip = new ZipWriter(style).add("a/one", "1").add("a/two", "22").bytes();
        for (int length = 0; length < zip.length; length++) {
            byte[] part = Arrays.copyOf(zip, length);
            assertThatThrownBy(() -> open(part)).isInstanceOf(KilnException.BadInput.class)
                .hasMessageContaining("not a complete ZIP archive");
        }
    }

    @Test
    void readsEntriesOfAForeignFolder() {
        assertThat(open(new ZipWriter(Style.PLAIN).add("flat", "1").bytes()).root()).isEmpty();
        assertThat(open(new ZipWriter(Style.PLAIN).add("d/", "").add("d/x", "1").bytes()).names())
            .containsExactly("d/x");
    }
}
