/**
 * Small records by key, in one LMDB file. Writing goes through the C library on one thread; reading parses
 * the file's pages directly, so that a warm start binds no native function at all.
 */
package dev.kiln.cache.store;
