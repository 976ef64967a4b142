/** Ops that are called on their own: a graph of one call. */
package dev.kiln.stages.eager;
