package dev.kiln.kernels.toolchain;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * Unpacks compiler, linker, their two libraries and the compiler's headers, 280 MB of the jar's 490. The
 * libraries get the names under which the programs look for them, which the jar lacks. Everything is written
 * into a folder beside the final one and renamed at the end, so the final folder is complete whenever it
 * exists; a file lock keeps other processes from doing the same work at the same time.
 */
final class ToolchainUnpacker {
    private static final Map<String, String> FILES = Map.of(
            "clang", "clang",
            "lld", "ld.lld",
            "libclang-cpp.so", "libclang-cpp.so.20.1",
            "libLLVM.so", "libLLVM.so.20.1");
    private static final String HEADERS = "lib/clang/20/include/";
    /** File locks belong to the process; within it, this lock keeps threads apart. */
    private static final ReentrantLock IN_PROCESS = new ReentrantLock();

    private final String platform;
    private final Path target;

    ToolchainUnpacker(String platform, Path target) {
        this.platform = platform;
        this.target = target;
    }

    Path unpack() {
        if (Files.isDirectory(target)) {
            return target;
        }
        IN_PROCESS.lock();
        try {
            Files.createDirectories(target.getParent());
            Path lockFile = target.resolveSibling(target.getFileName() + ".lock");
            try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (lock.isValid() && !Files.isDirectory(target)) {
                    unpackInto(Files.createTempDirectory(target.getParent(), "unpacking-"));
                }
            }
            return target;
        } catch (IOException e) {
            throw new ToolchainException("cannot unpack the bundled compiler to " + target
                    + " (" + e + "): free 300 MB there or set KILN_TOOLCHAIN_DIR", e);
        } finally {
            IN_PROCESS.unlock();
        }
    }

    private void unpackInto(Path folder) throws IOException {
        try {
            JarURLConnection connection = (JarURLConnection) ToolchainIdentity.resource(platform, "clang")
                    .openConnection();
            String clang = connection.getEntryName();
            String prefix = clang.substring(0, clang.lastIndexOf('/') + 1);
            JarFile jar = connection.getJarFile();
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                Optional<String> name = placeOf(entry, prefix);
                if (name.isPresent()) {
                    copy(jar, entry, folder.resolve(name.get()));
                }
            }
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            deleteTree(folder);
        }
    }

    private static Optional<String> placeOf(JarEntry entry, String prefix) {
        if (entry.isDirectory() || !entry.getName().startsWith(prefix)) {
            return Optional.empty();
        }
        String name = entry.getName().substring(prefix.length());
        if (name.startsWith(HEADERS) && !name.contains("..")) {
            return Optional.of("include/" + name.substring(HEADERS.length()));
        }
        return Optional.ofNullable(FILES.get(name));
    }

    private static void copy(JarFile jar, JarEntry entry, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        try (InputStream in = jar.getInputStream(entry)) {
            Files.copy(in, to);
        }
        boolean program = to.endsWith("clang") || to.endsWith("ld.lld");
        Files.setPosixFilePermissions(to,
                PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
    }

    static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
