/**
 * One verticle a phase: receives an event, has the phase's function called on a compile thread, publishes.
 */
package dev.kiln.pipeline.verticles;
