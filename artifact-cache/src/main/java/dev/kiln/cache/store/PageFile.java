package dev.kiln.cache.store;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Positional reads of a file. {@link RandomAccessFile}, because a channel closes for everybody when one
 * reader is interrupted, and because mapping costs a cold JVM 35 ms.
 */
final class PageFile implements AutoCloseable {
    private final RandomAccessFile file;

    PageFile(File path) throws IOException {
        file = new RandomAccessFile(path, "r");
    }

    synchronized long length() throws IOException {
        return file.length();
    }

    /** Reads exactly {@code length} bytes, in native byte order as LMDB writes them. */
    synchronized ByteBuffer read(long offset, int length) throws IOException {
        if (offset < 0 || offset > file.length() - length) {
            throw StoreException.damaged("page at " + offset + " lies beyond the end of the file");
        }
        byte[] bytes = new byte[length];
        file.seek(offset);
        file.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
