package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;

/** The order of bytes that a file says its tensors have. */
final class ByteOrders {
    private ByteOrders() {
    }

    static void requireLittle(ZipArchive zip, String root) {
        zip.text(root + "byteorder").filter(order -> !order.equals("little")).ifPresent(order -> {
            throw new KilnException.Unsupported(zip.name() + ": byte order '" + order + "' is not supported");
        });
    }
}
