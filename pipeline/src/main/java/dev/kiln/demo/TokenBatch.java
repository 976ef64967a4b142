package dev.kiln.demo;

import dev.kiln.kernels.runtime.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * Sentences as token ids, padded to the longest of the batch. All arrays are [batch][sequence].
 *
 * @param ids vocabulary ids
 * @param mask 1 for a token, 0 for padding
 * @param types sentence number within a pair
 */
record TokenBatch(long[][] ids, long[][] mask, long[][] types) {

    int rows() {
        return ids.length;
    }

    int columns() {
        return ids[0].length;
    }

    /** The model's inputs by name, each i64[batch, sequence]. */
    Map<String, Tensor> tensors() {
        return Map.of("input_ids", tensor(ids), "attention_mask", tensor(mask),
                "token_type_ids", tensor(types));
    }

    private static Tensor tensor(long[][] rows) {
        long[] flat = Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray();
        return Tensor.ofLongs(flat, rows.length, rows[0].length);
    }
}
