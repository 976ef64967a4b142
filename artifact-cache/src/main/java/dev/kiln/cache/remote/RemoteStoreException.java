package dev.kiln.cache.remote;

/** The remote store did not do what it was asked for; the message tells why in one line. */
public final class RemoteStoreException extends RuntimeException {
    public RemoteStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
