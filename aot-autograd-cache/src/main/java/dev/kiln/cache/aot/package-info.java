/** The entry that joins a forward and a backward compiled graph, its key and its store. */
package dev.kiln.cache.aot;
