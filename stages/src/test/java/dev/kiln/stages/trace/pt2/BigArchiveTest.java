package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.ZipWriter;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A weight of 512 MB (a hole in a sparse file) is imported without reading it into the heap. */
class BigArchiveTest {
    private static final int ROWS = 1 << 13;
    private static final int COLUMNS = 1 << 14;
    private static final long WEIGHT = 4L * ROWS * COLUMNS;
    private static final long HEAP = 64 << 20;

    @TempDir
    private static Path folder;

    @Test
    void leavesABigWeightInTheFile() throws IOException {
        TinyProgram program = new TinyProgram().parameter("w", "s", ROWS, COLUMNS).input("x", 1, COLUMNS)
            .node("linear.default", "y", "input", "%x", "weight", "%p_w").value(7, "y", 1, ROWS).output("y");
        Path file = write(program);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        Graph graph = Pt2Importer.importModel(file, TraceOptions.NONE);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(HEAP);
        assertThat(graph.constants().getFirst().value().data().byteSize()).isEqualTo(WEIGHT);
        assertThat(graph.constants().getFirst().value().data().isMapped()).isTrue();
    }

    /** The archive around a hole: what stands before the weight, the hole, its directory. */
    private static Path write(TinyProgram program) throws IOException {
        String table = Containers.text(TinyProgram.object("{'config':{'w':{'path_name':'weight_0','is_param':true,"
            + "'use_pickle':false,'tensor_meta':" + Containers.text(TinyProgram.meta(7, 0, List.of(ROWS, COLUMNS),
                List.of((long) COLUMNS, 1L))) + "}}}"));
        byte[] small = new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2")
            .add("m/models/model.json", Containers.text(program.root))
            .add("m/data/weights/model_weights_config.json", table).bytes();
        ByteBuffer end = ByteBuffer.wrap(small).order(ByteOrder.LITTLE_ENDIAN);
        int directory = end.getInt(small.length - 6);
        byte[] name = "m/data/weights/weight_0".getBytes(StandardCharsets.UTF_8);
        int padding = 64 - (directory + 30 + name.length) % 64;
        ByteBuffer local = ByteBuffer.allocate(30 + name.length + padding).order(ByteOrder.LITTLE_ENDIAN);
        local.putInt(0x04034b50).position(26).putShort((short) name.length).putShort((short) padding).put(name);
        ByteBuffer entry = ByteBuffer.allocate(46 + name.length).order(ByteOrder.LITTLE_ENDIAN);
        entry.putInt(0x02014b50).position(16).putInt(zeros()).putInt((int) WEIGHT).putInt((int) WEIGHT)
            .putShort((short) name.length).position(42).putInt(directory).put(name);
        int before = small.length - 22 - directory;
        end.putShort(small.length - 14, (short) 4).putShort(small.length - 12, (short) 4)
            .putInt(small.length - 10, before + entry.capacity())
            .putInt(small.length - 6, (int) (directory + local.capacity() + WEIGHT));
        Path file = folder.resolve("big.pt2");
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(small, 0, directory);
            out.write(local.array());
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.position(channel.size() + WEIGHT);
            channel.write(ByteBuffer.wrap(small, directory, before));
            channel.write(entry.flip().limit(entry.capacity()));
            channel.write(ByteBuffer.wrap(small, small.length - 22, 22));
        }
        return file;
    }

    private static int zeros() {
        CRC32 crc = new CRC32();
        byte[] chunk = new byte[1 << 20];
        for (long at = 0; at < WEIGHT; at += chunk.length) {
            crc.update(chunk);
        }
        return (int) crc.getValue();
    }
}
