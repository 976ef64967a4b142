package dev.kiln.kernels.runtime;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The head of an {@code .npy} file: magic, version, length, and a Python dictionary as text. */
record NpyHeader(DType dtype, boolean fortranOrder, long[] shape) {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MAX_LENGTH = 1 << 20;
    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([^'\"]*)['\"]");
    private static final Pattern ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile(
            "['\"]shape['\"]\\s*:\\s*\\(\\s*((?:\\d{1,18}L?\\s*,\\s*)*(?:\\d{1,18}L?)?)\\s*\\)");

    static NpyHeader read(FileChannel channel, Path file) throws IOException {
        ByteBuffer start = exactly(channel, 8, file);
        byte[] magic = new byte[MAGIC.length];
        start.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new KilnException.BadInput(file + " is no .npy file");
        }
        int version = start.get();
        if (version < 1 || version > 3) {
            throw new KilnException.BadInput(file + " has .npy version " + version
                    + ": save it as version 1, 2 or 3");
        }
        long length = version == 1 ? Short.toUnsignedInt(exactly(channel, 2, file).getShort())
                : Integer.toUnsignedLong(exactly(channel, 4, file).getInt());
        if (length > MAX_LENGTH) {
            throw new KilnException.BadInput(file + " is damaged: its header claims " + length + " bytes");
        }
        return parse(StandardCharsets.UTF_8.decode(exactly(channel, (int) length, file)).toString(), file);
    }

    private static ByteBuffer exactly(FileChannel channel, int count, Path file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new KilnException.BadInput(file + " is no .npy file or is cut short in its header");
            }
        }
        return buffer.flip();
    }

    private static NpyHeader parse(String text, Path file) {
        return new NpyHeader(dtype(find(DESCR, text, "type", file), file),
                find(ORDER, text, "order", file).equals("True"), shape(find(SHAPE, text, "shape", file)));
    }

    private static String find(Pattern pattern, String text, String what, Path file) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new KilnException.BadInput(file + " has no plain " + what + " in its header: "
                    + text.strip());
        }
        return matcher.group(1);
    }

    private static long[] shape(String sizes) {
        return Arrays.stream(sizes.split(",")).map(s -> s.replace("L", "").strip()).filter(s -> !s.isEmpty())
                .mapToLong(Long::parseLong).toArray();
    }

    private static DType dtype(String descr, Path file) {
        boolean oneByte = descr.endsWith("1");
        if (descr.startsWith(">") && !oneByte) {
            throw new KilnException.BadInput(file + " is big endian (" + descr
                    + "): save it as little endian");
        }
        return switch (descr.isEmpty() ? "" : descr.substring(1)) {
            case "b1" -> DType.BOOL;
            case "i1" -> DType.I8;
            case "u1" -> DType.U8;
            case "i2" -> DType.I16;
            case "u2" -> DType.U16;
            case "u4" -> DType.U32;
            case "u8" -> DType.U64;
            case "i4" -> DType.I32;
            case "i8" -> DType.I64;
            case "f2" -> DType.F16;
            case "f4" -> DType.F32;
            case "f8" -> DType.F64;
            case "c8" -> DType.C64;
            case "c16" -> DType.C128;
            case "V2" -> DType.BF16;
            case "V1" -> DType.F8E4M3FN;
            case "f1" -> DType.F8E5M2;
            default -> throw new KilnException.Unsupported(file + " holds elements of type '" + descr
                    + "': convert to bool, int8 to int64, uint8 to uint64, float16, float32, float64, complex64 or complex128");
        };
    }

    private static String descr(DType dtype) {
        return switch (dtype) {
            case BOOL -> "|b1";
            case I8 -> "|i1";
            case U8 -> "|u1";
            case I16 -> "<i2";
            case U16 -> "<u2";
            case U32 -> "<u4";
            case U64 -> "<u8";
            case I32 -> "<i4";
            case I64 -> "<i8";
            case F16 -> "<f2";
            case BF16 -> "<V2";
            case F8E4M3FN -> "|V1";
            case F8E5M2 -> "<f1";
            case F32 -> "<f4";
            case F64 -> "<f8";
            case C64 -> "<c8";
            case C128 -> "<c16";
        };
    }

    /** A version 1 header whose data starts at a multiple of 64 bytes. */
    static ByteBuffer bytes(DType dtype, long[] shape) {
        String sizes = Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(", "));
        String text = "{'descr': '" + descr(dtype) + "', 'fortran_order': False, 'shape': (" + sizes
                + (shape.length == 1 ? "," : "") + "), }";
        int total = (MAGIC.length + 4 + text.length() + 1 + 63) / 64 * 64;
        String padded = text + " ".repeat(total - MAGIC.length - 4 - text.length() - 1) + "\n";
        return ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) padded.length())
                .put(padded.getBytes(StandardCharsets.US_ASCII)).flip();
    }
}
