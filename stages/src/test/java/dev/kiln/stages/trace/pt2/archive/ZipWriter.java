package dev.kiln.stages.trace.pt2.archive;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/** Writes stored ZIP entries as PyTorch's writers do: plain (Python's), or with descriptors and padding (C++'s). */
public final class ZipWriter {
    /** How headers are written. */
    public enum Style { PLAIN, DESCRIPTORS, ZIP64 }

    private static final int FLAGS = 0x0808;

    private final Style style;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private int count;

    public ZipWriter(Style style) {
        this.style = style;
    }

    public ZipWriter add(String name, String text) {
        return add(name, text.getBytes(StandardCharsets.UTF_8));
    }

    public ZipWriter add(String name, byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(data);
        return add(name, data, (int) crc.getValue(), 0);
    }

    /** With a checksum and a method of compression as given, right or wrong. */
    ZipWriter add(String name, byte[] data, int crc, int method) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        int header = out.size();
        boolean late = style == Style.DESCRIPTORS;
        int padding = late ? (64 - (header + 30 + text.length + 4) % 64) % 64 : 0;
        ByteBuffer local = buffer(30 + text.length + (late ? 4 + padding : 0));
        local.putInt(0x04034b50).putShort((short) 20).putShort((short) (late ? FLAGS : 0)).putShort((short) method)
            .putInt(0).putInt(late ? 0 : crc).putInt(late ? 0 : data.length).putInt(late ? 0 : data.length)
            .putShort((short) text.length).putShort((short) (late ? 4 + padding : 0)).put(text);
        if (late) {
            local.putShort((short) 0x4246).putShort((short) padding);
            Arrays.fill(local.array(), local.position(), local.position() + padding, (byte) 'Z');
        }
        out.writeBytes(local.array());
        out.writeBytes(data);
        if (late) {
            out.writeBytes(buffer(16).putInt(0x08074b50).putInt(crc).putInt(data.length).putInt(data.length).array());
        }
        describe(text, data.length, crc, method, header);
        return this;
    }

    private void describe(byte[] name, int size, int crc, int method, int header) {
        boolean big = style == Style.ZIP64;
        ByteBuffer entry = buffer(46 + name.length + (big ? 28 : 0));
        entry.putInt(0x02014b50).putShort((short) 20).putShort((short) 20).putShort((short) 0)
            .putShort((short) method).putInt(0).putInt(crc).putInt(big ? -1 : size).putInt(big ? -1 : size)
            .putShort((short) name.length).putShort((short) (big ? 28 : 0)).putShort((short) 0)
            .putShort((short) 0).putShort((short) 0).putInt(0).putInt(big ? -1 : header).put(name);
        if (big) {
            entry.putShort((short) 1).putShort((short) 24).putLong(size).putLong(size).putLong(header);
        }
        directory.writeBytes(entry.array());
        count++;
    }

    public byte[] bytes() {
        int start = out.size();
        boolean big = style == Style.ZIP64;
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(out.toByteArray());
        file.writeBytes(directory.toByteArray());
        if (big) {
            long end = file.size();
            file.writeBytes(buffer(56).putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45)
                .putInt(0).putInt(0).putLong(count).putLong(count).putLong(directory.size()).putLong(start).array());
            file.writeBytes(buffer(20).putInt(0x07064b50).putInt(0).putLong(end).putInt(1).array());
        }
        file.writeBytes(buffer(22).putInt(0x06054b50).putShort((short) 0).putShort((short) 0)
            .putShort((short) (big ? -1 : count)).putShort((short) (big ? -1 : count))
            .putInt(big ? -1 : directory.size()).putInt(big ? -1 : start).putShort((short) 0).array());
        return file.toByteArray();
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
