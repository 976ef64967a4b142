package dev.kiln.cache.store;

import dev.kiln.cache.store.Meta.Tree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Walks a whole record file before the C library opens it, because the library ends the process on a damaged
 * file: an assertion aborts and a wild page number is a segmentation fault. Checks that every page is in the
 * file and used once, that keys ascend, and that no free page is in use.
 */
final class PageAudit {
    private final Snapshot snapshot;
    private final BitSet used = new BitSet();
    private final BitSet free = new BitSet();

    PageAudit(Snapshot snapshot) {
        this.snapshot = snapshot;
    }

    void run() throws IOException {
        Meta meta = snapshot.meta();
        visit(meta.free(), this::freePages, false);
        visit(meta.main(), this::namedDatabase, true);
        if (used.intersects(free)) {
            throw StoreException.damaged("a page is both free and in use");
        }
    }

    /** Sees one leaf node. */
    private interface Leaves {
        void visit(Page leaf, int place) throws IOException;
    }

    private void visit(Tree tree, Leaves leaves, boolean ordered) throws IOException {
        if (tree.root() != Tree.EMPTY) {
            visit(tree.root(), leaves, ordered, 0);
        }
    }

    private void visit(long number, Leaves leaves, boolean ordered, int depth) throws IOException {
        Page page = snapshot.page(number, depth);
        use(number, 1);
        byte[] previous = null;
        for (int i = 0; i < page.keys(); i++) {
            byte[] key = page.key(i);
            boolean first = page.isBranch() && i == 0;
            if (ordered && !first && previous != null && Arrays.compareUnsigned(previous, key) >= 0) {
                throw StoreException.damaged("the keys of page " + number + " do not ascend");
            }
            previous = first ? null : key;
            if (page.isBranch()) {
                visit(page.child(i), leaves, ordered, depth + 1);
            } else {
                overflow(page, i);
                leaves.visit(page, i);
            }
        }
    }

    private void overflow(Page leaf, int place) throws IOException {
        int flags = leaf.nodeFlags(place);
        if (flags != 0 && flags != Page.BIG_DATA && flags != Page.SUB_DATA) {
            throw StoreException.damaged("a node has flags " + flags);
        }
        if (flags == Page.BIG_DATA) {
            long first = leaf.overflow(place);
            use(first, snapshot.overflowPages(first, leaf.dataSize(place)));
        }
    }

    private void namedDatabase(Page leaf, int place) throws IOException {
        if (leaf.nodeFlags(place) != Page.SUB_DATA || leaf.dataSize(place) != Tree.BYTES) {
            throw StoreException.damaged("the main database holds something that is no database");
        }
        var root = ByteBuffer.wrap(leaf.data(place, Tree.BYTES)).order(ByteOrder.nativeOrder());
        visit(Tree.parse(root, 0), (page, at) -> { }, true);
    }

    /** A free list: its length, then page numbers. */
    private void freePages(Page leaf, int place) throws IOException {
        var list = ByteBuffer.wrap(snapshot.value(leaf, place)).order(ByteOrder.nativeOrder()).asLongBuffer();
        long length = list.hasRemaining() ? list.get() : -1;
        if (length < 0 || length > list.remaining()) {
            throw StoreException.damaged("a free list claims " + length + " pages");
        }
        for (long i = 0; i < length; i++) {
            long number = list.get();
            if (number < 2 || number > snapshot.meta().lastPage() || free.get((int) number)) {
                throw StoreException.damaged("a free list names page " + number);
            }
            free.set((int) number);
        }
    }

    private void use(long first, int pages) {
        long last = first + pages - 1;
        if (last > snapshot.meta().lastPage() || last > Integer.MAX_VALUE) {
            throw StoreException.damaged("page " + first + " is said to begin " + pages + " pages");
        }
        int clash = used.nextSetBit((int) first);
        if (clash >= 0 && clash <= last) {
            throw StoreException.damaged("page " + clash + " is used twice");
        }
        used.set((int) first, (int) last + 1);
    }
}
