/**
 * Benchmarks against peers. Every engine runs in a process of its own and takes turns with the others, so
 * that neither the other's threads nor its memory, nor the machine's mood, weigh on one side only.
 */
package dev.kiln.bench;
