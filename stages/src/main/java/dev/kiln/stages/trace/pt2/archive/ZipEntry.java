package dev.kiln.stages.trace.pt2.archive;

/** A stored record of a ZIP file: where its local header stands, and how many bytes it has. */
record ZipEntry(String name, long header, long size, int crc) {
}
