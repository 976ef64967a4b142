/** Optimizers: each step is one compiled graph over all parameters. */
package dev.kiln.optim;
