/** Modules, layers and losses with PyTorch's names and initialisation. */
package dev.kiln.nn;
