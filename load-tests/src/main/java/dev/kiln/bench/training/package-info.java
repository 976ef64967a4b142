/** The training step that benchmarks run. */
package dev.kiln.bench.training;
