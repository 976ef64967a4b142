/** Runs cases in the layout of ONNX's backend tests and compares with the outputs that lie beside them. */
package dev.kiln.conformance;
