package dev.kiln.cache.store;

import java.nio.ByteBuffer;

/**
 * One of the two meta pages of an LMDB file: the root of everything as of one transaction.
 *
 * @param slot 0 or 1; transaction n writes slot {@code n & 1}
 * @param pageSize bytes
 * @param free tree of free pages
 * @param main tree of the named databases
 */
record Meta(int slot, int pageSize, Tree free, Tree main, long lastPage, long transaction) {
    private static final int MAGIC = 0xBEEFC0DE;
    private static final int VERSION = 1;
    private static final int AT_TREES = 24;
    /** Bytes of the meta structure after the page header. */
    static final int BYTES = AT_TREES + 2 * Tree.BYTES + 16;

    /** @param meta buffer over a meta structure, without its page header */
    static Meta parse(int slot, ByteBuffer meta) {
        if (meta.getInt(0) != MAGIC || meta.getInt(4) != VERSION) {
            throw StoreException.damaged("meta page " + slot + " is not one of LMDB data version " + VERSION);
        }
        int pageSize = meta.getInt(AT_TREES);
        if (pageSize < 512 || pageSize > 65536 || Integer.bitCount(pageSize) != 1) {
            throw StoreException.damaged("meta page " + slot + " names a page size of " + pageSize);
        }
        int after = AT_TREES + 2 * Tree.BYTES;
        return new Meta(slot, pageSize, Tree.parse(meta, AT_TREES), Tree.parse(meta, AT_TREES + Tree.BYTES),
                meta.getLong(after), meta.getLong(after + 8));
    }

    /** Root of one B+tree; {@link #EMPTY} when it has no pages. */
    record Tree(int flags, int depth, long entries, long root) {
        static final int BYTES = 48;
        static final long EMPTY = -1;

        static Tree parse(ByteBuffer in, int at) {
            return new Tree(in.getShort(at + 4) & 0xffff, in.getShort(at + 6) & 0xffff, in.getLong(at + 32),
                    in.getLong(at + 40));
        }
    }
}
