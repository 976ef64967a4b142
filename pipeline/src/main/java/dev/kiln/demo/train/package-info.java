/** {@code kiln train-demo}: a small GPT that learns the repository's own sources, letter by letter. */
package dev.kiln.demo.train;
