/** A compile from event to event: jobs, the runner that every phase's verticle uses, and the wiring. */
package dev.kiln.pipeline;
