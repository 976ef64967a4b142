package dev.kiln.cache.store;

import dev.kiln.cache.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/** Unpacks LMDB's C library from the {@code org.lmdbjava:native} jar. */
final class LmdbLibrary {
    private static final String FOLDER = "/org/lmdbjava/native/";
    private static final int DIGITS = 16;

    private LmdbLibrary() {
    }

    /** The library as a file named after its content; written once, checked each time. */
    static Path unpack(Path folder) throws IOException {
        String resource = FOLDER + fileName(System.getProperty("os.name"), System.getProperty("os.arch"),
                Files.exists(Path.of("/lib/ld-musl-" + muslArch() + ".so.1")));
        byte[] content;
        try (InputStream in = LmdbLibrary.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException("no LMDB library for this platform: " + resource
                        + " is not on the class path");
            }
            content = in.readAllBytes();
        }
        var name = "lmdb-" + HexFormat.of().formatHex(Sha256.of(content)).substring(0, DIGITS) + ".so";
        Path target = folder.resolve(name);
        if (!isWhole(target, content)) {
            Files.createDirectories(folder);
            Path temporary = Files.createTempFile(folder, name, ".tmp");
            Files.write(temporary, content);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        return target;
    }

    private static boolean isWhole(Path target, byte[] content) throws IOException {
        return Files.exists(target) && Files.size(target) == content.length
                && Arrays.equals(Files.readAllBytes(target), content);
    }

    static String fileName(String os, String arch, boolean musl) {
        var system = os.toLowerCase(Locale.ROOT);
        var machine = arch.equals("amd64") ? "x86_64" : arch;
        if (system.startsWith("linux")) {
            return machine + "-linux-" + (musl ? "musl" : "gnu") + ".so";
        }
        if (system.startsWith("mac")) {
            return machine + "-macos-none.so";
        }
        return machine + "-windows-gnu.dll";
    }

    private static String muslArch() {
        var arch = System.getProperty("os.arch");
        return arch.equals("amd64") ? "x86_64" : arch;
    }
}
