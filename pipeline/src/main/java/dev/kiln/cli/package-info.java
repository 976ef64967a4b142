/**
 * The command line. Each verb is a class of its own and only the one that was asked for is loaded; other
 * modules add verbs as services of type {@link dev.kiln.cli.KilnCommand}.
 */
package dev.kiln.cli;
