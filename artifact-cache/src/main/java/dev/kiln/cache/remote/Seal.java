package dev.kiln.cache.remote;

import dev.kiln.cache.CorruptEntryException;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The wrapper of every value that leaves the machine: packed when that pays, and bound to its name by a signature, so
 * that a value can be neither forged nor passed off as another. Nothing is unpacked before the signature is checked.
 *
 * <pre>
 *  0  4  magic "KLNR"
 *  4  2  format
 *  6  2  1 if the body is deflated
 *  8  4  length of the content, bytes
 * 12 32  HMAC-SHA-256, without a secret SHA-256, of the name, bytes 0 to 11 and the body
 * 44  n  body
 * </pre>
 * Numbers are big-endian.
 */
final class Seal {
    private static final int MAGIC = 0x4b4c4e52;
    private static final short FORMAT = 1;
    private static final int PREFIX = 12;
    private static final int DIGEST = 32;
    private static final int HEADER = PREFIX + DIGEST;
    /** Weights hardly shrink, which their beginning shows. */
    private static final int SAMPLE = 64 << 10;
    private static final double WORTHWHILE = 0.8;

    private final Optional<SecretKeySpec> secret;

    Seal(Optional<String> secret) {
        this.secret = secret.map(text -> new SecretKeySpec(text.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    }

    byte[] close(String name, byte[] content) {
        boolean packs = deflated(content, Math.min(content.length, SAMPLE)).length
                < WORTHWHILE * Math.min(content.length, SAMPLE);
        byte[] body = packs ? deflated(content, content.length) : content;
        var out = ByteBuffer.allocate(HEADER + body.length);
        out.putInt(MAGIC).putShort(FORMAT).putShort((short) (packs ? 1 : 0)).putInt(content.length);
        out.put(HEADER, body);
        out.put(signature(name, out.array()));
        return out.array();
    }

    /** @param limit of the content, bytes */
    byte[] open(String name, byte[] sealed, int limit) throws CorruptEntryException {
        if (sealed.length < HEADER) {
            throw new CorruptEntryException(Reason.TOO_SHORT, sealed.length + " bytes are shorter than a seal");
        }
        var in = ByteBuffer.wrap(sealed);
        if (in.getInt() != MAGIC) {
            throw new CorruptEntryException(Reason.BAD_MAGIC, "it does not begin with its magic number");
        }
        if (!MessageDigest.isEqual(signature(name, sealed), Arrays.copyOfRange(sealed, PREFIX, HEADER))) {
            throw new CorruptEntryException(Reason.BAD_DIGEST, "it is damaged, or KILN_REMOTE_CACHE_SECRET is another");
        }
        if (in.getShort() != FORMAT) {
            throw new CorruptEntryException(Reason.OTHER_FORMAT, "it has another format");
        }
        boolean packed = in.getShort() == 1;
        int length = in.getInt();
        if (length < 0 || length > limit) {
            throw new CorruptEntryException(Reason.TOO_LARGE, "it declares " + length + " bytes, the limit is " + limit);
        }
        byte[] body = Arrays.copyOfRange(sealed, HEADER, sealed.length);
        byte[] content = packed ? inflated(body, length) : body;
        if (content.length != length) {
            throw new CorruptEntryException(Reason.BAD_LENGTH, "it declares " + length + " bytes, has " + content.length);
        }
        return content;
    }

    private byte[] signature(String name, byte[] sealed) {
        byte[] bound = name.getBytes(StandardCharsets.US_ASCII);
        var covered = ByteBuffer.allocate(Integer.BYTES + bound.length + sealed.length - DIGEST);
        covered.putInt(bound.length).put(bound).put(sealed, 0, PREFIX).put(sealed, HEADER, sealed.length - HEADER);
        if (secret.isEmpty()) {
            return Sha256.of(covered.array());
        }
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(secret.get());
            return mac.doFinal(covered.array());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java platform has no HmacSHA256", e);
        }
    }

    private static byte[] deflated(byte[] content, int length) {
        var deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(content, 0, length);
            deflater.finish();
            byte[] out = new byte[length + (length >> 8) + 64];
            return Arrays.copyOf(out, deflater.deflate(out));
        } finally {
            deflater.end();
        }
    }

    private static byte[] inflated(byte[] body, int length) throws CorruptEntryException {
        var inflater = new Inflater();
        try {
            inflater.setInput(body);
            byte[] content = new byte[length];
            int filled = inflater.inflate(content);
            // The end of the stream may be told only to one who asks for another byte.
            boolean whole = filled == length && inflater.inflate(new byte[1]) == 0 && inflater.finished();
            if (whole) {
                return content;
            }
        } catch (DataFormatException e) {
            throw new CorruptEntryException(Reason.BAD_LENGTH, "it cannot be unpacked: " + e.getMessage());
        } finally {
            inflater.end();
        }
        throw new CorruptEntryException(Reason.BAD_LENGTH, "it does not unpack to its " + length + " bytes");
    }
}
