/**
 * What phases tell each other: immutable records that travel by reference on the event bus of one process.
 */
package dev.kiln.pipeline.events;
