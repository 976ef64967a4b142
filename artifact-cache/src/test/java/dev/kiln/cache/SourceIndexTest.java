package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceIndexTest {
    private static final CacheKey REQUEST = new KeyBuilder("kr").key();
    private static final CacheKey FOUND = new KeyBuilder("ka").key();

    @TempDir
    Path folder;
    private CacheHome home;
    private Path model;

    @BeforeEach
    void open() throws IOException {
        home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE));
        model = Files.write(folder.resolve("model.onnx"), Samples.content(1, 5000));
    }

    @AfterEach
    void close() {
        home.close();
    }

    @Test
    void findsWhatItRemembered() throws IOException {
        assertThat(home.sources().find(model, REQUEST)).isEmpty();
        home.sources().remember(model, List.of(), REQUEST, FOUND);
        reopen();
        assertThat(home.sources().find(model, REQUEST)).contains(FOUND);
        assertThat(home.sources().find(model, FOUND)).as("another request").isEmpty();
    }

    @Test
    void believesAnOldStampAndReadsNothing() throws Exception {
        Thread.sleep(2100);
        home.sources().remember(model, List.of(), REQUEST, FOUND);
        reopen();
        assertThat(home.sources().find(model, REQUEST)).contains(FOUND);
        assertThat(home.metrics().get("source.stamp")).isEqualTo(1);
        assertThat(home.metrics().get("source.hashed")).isZero();
    }

    @Test
    void hashesAFileThatChangedJustNow() throws IOException {
        home.sources().remember(model, List.of(), REQUEST, FOUND);
        reopen();
        assertThat(home.sources().find(model, REQUEST)).contains(FOUND);
        assertThat(home.metrics().get("source.hashed")).isEqualTo(1);
    }

    @Test
    void seesAChangedModelEvenWithItsOldTime() throws IOException {
        home.sources().remember(model, List.of(), REQUEST, FOUND);
        var time = Files.getLastModifiedTime(model);
        byte[] changed = Samples.content(1, 5000);
        changed[2500] ^= 1;
        Files.write(model, changed);
        Files.setLastModifiedTime(model, time);
        reopen();
        assertThat(home.sources().find(model, REQUEST)).isEmpty();
    }

    @Test
    void findsACopyUnderAnotherName() throws IOException {
        home.sources().remember(model, List.of(), REQUEST, FOUND);
        Path copy = Files.copy(model, folder.resolve("copy.onnx"));
        reopen();
        assertThat(home.sources().find(copy, REQUEST)).contains(FOUND);
    }

    @Test
    void weightsInOtherFilesCount() throws IOException {
        Path weights = Files.write(folder.resolve("model.bin"), Samples.content(2, 9000));
        home.sources().remember(model, List.of(weights), REQUEST, FOUND);
        reopen();
        assertThat(home.sources().find(model, REQUEST)).contains(FOUND);
        Files.write(weights, Samples.content(3, 9000));
        assertThat(home.sources().find(model, REQUEST)).isEmpty();
        Files.delete(weights);
        assertThat(home.sources().find(model, REQUEST)).isEmpty();
    }

    @Test
    void aMissingModelIsTheCallersError() {
        assertThatThrownBy(() -> home.sources().find(folder.resolve("none"), REQUEST))
                .isInstanceOf(NoSuchFileException.class);
    }

    private void reopen() {
        home.close();
        home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE));
    }
}
