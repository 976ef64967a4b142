package dev.kiln.bench.gemm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Method;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.global.torch;

/**
 * A TorchScript module of one method. It goes through a module file, because libtorch finds operators outside of
 * {@code aten} (oneDNN's) by name only in code that it loads.
 */
final class TorchModule {
    /** Pickles: an object of the module's class without attributes, and an empty tuple. */
    private static final String MODULE = "\u0080\u0002c__torch__\nM\n)\u0081}b.";
    private static final String NO_CONSTANTS = "\u0080\u0002).";

    private final JitModule module;
    private final Method method;

    /** @param signature parameters and result, as {@code x: Tensor, n: int) -> Tensor} */
    TorchModule(String signature, String body) {
        try {
            Path file = Files.createTempFile("kiln-bench", ".pt");
            try {
                write(file, "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  def forward(self: __torch__.M,\n"
                    + "      " + signature.replace(", ", ",\n      ") + ":\n" + body.indent(4));
                module = torch.load(file.toString());
                method = module.get_method("forward");
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String code) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            entry(zip, "data.pkl", MODULE.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            entry(zip, "constants.pkl", NO_CONSTANTS.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(content);
        ZipEntry entry = new ZipEntry("module/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** The result, which outlives the scope of the call. */
    IValue apply(List<IValue> arguments) {
        try (NoGradGuard guard = new NoGradGuard()) {
            IValueVector stack = new IValueVector();
            arguments.forEach(stack::push_back);
            return method.apply(stack);
        }
    }

    /** As {@link #apply}, without the result. */
    void run(List<IValue> arguments, long count) {
        try (PointerScope scope = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            IValueVector stack = new IValueVector();
            arguments.forEach(stack::push_back);
            stack.push_back(new IValue(count));
            method.apply(stack);
        }
    }
}
