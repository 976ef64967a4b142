/**
 * A cache that many machines share, behind the one on the local disk: what is missing there is asked for here and kept
 * there, what is compiled is sent here in the background. Never in the way: one that is slow, full, gone or hostile is
 * as good as an empty one.
 */
package dev.kiln.cache.remote;
