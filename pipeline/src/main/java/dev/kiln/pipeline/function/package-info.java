/** Functions traced from Java: their graphs through the phases and caches, forward and backward, and their calls. */
package dev.kiln.pipeline.function;
