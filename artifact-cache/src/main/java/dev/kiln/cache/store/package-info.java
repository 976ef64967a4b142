/**
 * Small records by key, in one LMDB file. Writing goes through lmdbjava on one thread, started by the first
 * change; reading parses the file's pages directly, since lmdbjava takes a cold JVM half a second to start.
 */
package dev.kiln.cache.store;
