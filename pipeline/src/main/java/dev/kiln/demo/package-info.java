/**
 * The demo: sentences to embeddings with all-MiniLM-L6-v2, whose ONNX file and tokenizer come from the class
 * path. It uses only the public API, so it is also the longest example of it.
 */
package dev.kiln.demo;
