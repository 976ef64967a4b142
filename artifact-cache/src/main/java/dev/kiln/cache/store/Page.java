package dev.kiln.cache.store;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * One branch or leaf page of an LMDB tree (64-bit layout of data version 1). Every offset is checked, since
 * the file may be damaged.
 *
 * <pre>
 * page: number 8, pad 2, flags 2, lower 2, upper 2, then one 16-bit node offset per key
 * node: lo 2, hi 2, flags 2, key size 2, key, data
 *       a branch keeps the child's page number in lo, hi and flags
 * </pre>
 */
final class Page {
    static final int HEADER = 16;
    /** The value lies on overflow pages. */
    static final int BIG_DATA = 1;
    /** The value is the root of a named database. */
    static final int SUB_DATA = 2;
    private static final int BRANCH = 1;
    private static final int LEAF = 2;
    private static final int OVERFLOW = 4;
    private static final int NODE_HEADER = 8;

    private final ByteBuffer bytes;
    private final long number;
    private final int flags;
    private final int keys;

    Page(long number, ByteBuffer bytes) {
        this.bytes = bytes;
        this.number = number;
        flags = bytes.getShort(10) & 0xffff;
        int lower = bytes.getShort(12) & 0xffff;
        keys = (lower - HEADER) / 2;
        if (bytes.getLong(0) != number) {
            throw damaged("says it is page " + bytes.getLong(0));
        }
        if ((flags & (BRANCH | LEAF)) != BRANCH && (flags & (BRANCH | LEAF)) != LEAF) {
            throw damaged("has flags " + flags);
        }
        if (lower < HEADER || lower > bytes.limit() || isBranch() && keys < 1) {
            throw damaged("holds " + keys + " keys");
        }
    }

    /** Number of pages of an overflow page, or zero if the page is none. */
    static int overflowPages(ByteBuffer header, long number) {
        boolean ok = header.getLong(0) == number && (header.getShort(10) & OVERFLOW) != 0;
        return ok ? header.getInt(12) : 0;
    }

    boolean isBranch() {
        return (flags & BRANCH) != 0;
    }

    int keys() {
        return keys;
    }

    byte[] key(int index) {
        int node = node(index);
        int size = bytes.getShort(node + 6) & 0xffff;
        return slice(node + NODE_HEADER, size);
    }

    long child(int index) {
        int node = node(index);
        return bytes.getInt(node) & 0xffffffffL | (bytes.getShort(node + 4) & 0xffffL) << 32;
    }

    int nodeFlags(int index) {
        return bytes.getShort(node(index) + 4) & 0xffff;
    }

    /** Size of the value of a leaf node, bytes. */
    int dataSize(int index) {
        int size = bytes.getInt(node(index));
        if (size < 0) {
            throw damaged("holds a value of " + Integer.toUnsignedString(size) + " bytes");
        }
        return size;
    }

    /** The value itself, or the eight bytes of its overflow page number. */
    byte[] data(int index, int size) {
        int node = node(index);
        return slice(node + NODE_HEADER + (bytes.getShort(node + 6) & 0xffff), size);
    }

    long overflow(int index) {
        return ByteBuffer.wrap(data(index, Long.BYTES)).order(bytes.order()).getLong();
    }

    /** The child of a branch under which the key lies. */
    int childOf(byte[] key) {
        int low = 1;
        int high = keys - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            if (Arrays.compareUnsigned(key(middle), key) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return low - 1;
    }

    /** The first place of a leaf whose key is not below the given one; {@link #keys()} if there is none. */
    int ceiling(byte[] key) {
        int low = 0;
        int high = keys - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            if (Arrays.compareUnsigned(key(middle), key) < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private int node(int index) {
        int node = bytes.getShort(HEADER + 2 * index) & 0xffff;
        if (index >= keys || node < HEADER || node > bytes.limit() - NODE_HEADER) {
            throw damaged("has node " + index + " at " + node);
        }
        return node;
    }

    private byte[] slice(int from, int size) {
        if (size < 0 || from > bytes.limit() - size) {
            throw damaged("holds a node that leaves the page");
        }
        byte[] copy = new byte[size];
        bytes.get(from, copy);
        return copy;
    }

    private StoreException damaged(String what) {
        return StoreException.damaged("page " + number + " " + what);
    }
}
