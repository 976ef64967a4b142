package dev.kiln.cache.codec;

import dev.kiln.cache.CorruptEntryException;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.Sha256;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The wrapper of every stored record. Nothing decodes a payload that the envelope has not vouched for.
 *
 * <pre>
 *  0  4  magic "KILN"
 *  4  2  format of the envelope
 *  6  2  schema of the payload
 *  8  4  payload length, bytes
 * 12 32  SHA-256 of bytes 0 to 11 and the payload
 * 44  n  payload
 * </pre>
 * Numbers are big-endian.
 */
public final class Envelope {
    /** Bytes before the payload. */
    public static final int HEADER = 44;
    private static final int MAGIC = 0x4b494c4e;
    private static final short FORMAT = 1;
    private static final int PREFIX = 12;
    private static final int DIGEST = 32;

    private Envelope() {
    }

    public static byte[] seal(int schema, byte[] payload) {
        var out = ByteBuffer.allocate(HEADER + payload.length);
        out.putInt(MAGIC).putShort(FORMAT).putShort((short) schema).putInt(payload.length);
        out.put(HEADER, payload);
        out.put(digest(out.array()));
        return out.array();
    }

    /**
     * Checks, in this order, size, magic, length, digest, and then format and schema.
     *
     * @param maxPayload limit of the payload, bytes
     * @return the payload
     */
    public static byte[] open(int schema, int maxPayload, byte[] sealed) throws CorruptEntryException {
        check(sealed, maxPayload);
        var in = ByteBuffer.wrap(sealed, 4, 4);
        int format = in.getShort();
        int found = in.getShort() & 0xffff;
        if (format != FORMAT || found != schema) {
            throw new CorruptEntryException(Reason.OTHER_FORMAT, "the record has format " + format
                    + ", schema " + found + "; this version reads format " + FORMAT + ", schema " + schema);
        }
        return Arrays.copyOfRange(sealed, HEADER, sealed.length);
    }

    /** Checks everything but format and schema: whether the record is whole, whoever wrote it. */
    public static void check(byte[] sealed) throws CorruptEntryException {
        check(sealed, Integer.MAX_VALUE);
    }

    private static void check(byte[] sealed, int maxPayload) throws CorruptEntryException {
        if (sealed.length < HEADER) {
            throw new CorruptEntryException(Reason.TOO_SHORT,
                    sealed.length + " bytes are shorter than an envelope");
        }
        var in = ByteBuffer.wrap(sealed);
        if (in.getInt() != MAGIC) {
            throw new CorruptEntryException(Reason.BAD_MAGIC,
                    "the record does not begin with its magic number");
        }
        checkLength(in.getInt(8), maxPayload, sealed.length - HEADER);
        if (!Arrays.equals(digest(sealed), 0, DIGEST, sealed, PREFIX, HEADER)) {
            throw new CorruptEntryException(Reason.BAD_DIGEST, "the record does not match its digest");
        }
    }

    private static void checkLength(int declared, int max, int actual) throws CorruptEntryException {
        if (declared < 0 || declared > max) {
            throw new CorruptEntryException(Reason.TOO_LARGE,
                    "the record declares " + Integer.toUnsignedString(declared)
                            + " bytes, the limit is " + max);
        }
        if (declared != actual) {
            throw new CorruptEntryException(Reason.BAD_LENGTH,
                    "the record declares " + declared + " bytes and holds " + actual);
        }
    }

    private static byte[] digest(byte[] sealed) {
        byte[] covered = new byte[sealed.length - DIGEST];
        System.arraycopy(sealed, 0, covered, 0, PREFIX);
        System.arraycopy(sealed, HEADER, covered, PREFIX, sealed.length - HEADER);
        return Sha256.of(covered);
    }
}
