package dev.kiln.kernels.toolchain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The C compiler and linker that travel with Kiln in the {@code org.bytedeco:llvm} platform jar. Nothing is
 * unpacked before {@link #compiler()} is asked for; a program that only loads finished artifacts never pays
 * for it.
 *
 * <p>The tools go to {@code KILN_TOOLCHAIN_DIR}, else {@code $XDG_CACHE_HOME/kiln/toolchain}, else
 * {@code ~/.cache/kiln/toolchain}, in a folder named after version and digest. Safe for use by many threads
 * and processes.
 */
public final class Clang {
    private final Path root;
    private final String platform;
    private volatile ToolchainIdentity identity;
    private volatile Path home;

    /** The tools for this machine, unpacked below {@code root} when first needed. */
    public Clang(Path root) {
        this.root = root.toAbsolutePath();
        this.platform = hostPlatform();
    }

    private static final class Bundled {
        static final Clang CLANG = new Clang(defaultRoot());
    }

    /** The tools in their default place. */
    public static Clang bundled() {
        return Bundled.CLANG;
    }

    private static Path defaultRoot() {
        String own = System.getenv("KILN_TOOLCHAIN_DIR");
        if (own != null && !own.isBlank()) {
            return Path.of(own);
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path caches = xdg != null && !xdg.isBlank() ? Path.of(xdg)
                : Path.of(System.getProperty("user.home"), ".cache");
        return caches.resolve("kiln").resolve("toolchain");
    }

    private static String hostPlatform() {
        String arch = System.getProperty("os.arch");
        return System.getProperty("os.name").toLowerCase(Locale.ROOT) + "-" + switch (arch) {
            case "amd64" -> "x86_64";
            case "aarch64" -> "arm64";
            default -> arch;
        };
    }

    /** Version of the bundled toolchain, for example {@code 20.1.7-1.5.12}. */
    public String version() {
        return identity().version();
    }

    /**
     * Identity of the tools' bytes, for cache keys: 32 hexadecimal digits. Takes about a millisecond.
     *
     * @throws ToolchainException when the platform jar is not on the class path
     */
    public String digest() {
        return identity().digest();
    }

    private ToolchainIdentity identity() {
        ToolchainIdentity known = identity;
        if (known == null) {
            known = ToolchainIdentity.of(platform, root);
            identity = known;
        }
        return known;
    }

    /** Path of the compiler, unpacked if need be (a few seconds, once per machine). */
    public Path compiler() {
        return home().resolve("clang");
    }

    /** Path of the ELF linker. */
    Path linker() {
        return home().resolve("ld.lld");
    }

    /** The compiler's own headers, {@code immintrin.h} among them. */
    Path headers() {
        return home().resolve("include");
    }

    private Path home() {
        Path known = home;
        if (known == null) {
            known = new ToolchainUnpacker(platform, folder()).unpack();
            home = known;
        }
        return known;
    }

    private Path folder() {
        return root.resolve(version() + "-" + digest());
    }

    /** Whether the tools are unpacked already, so that asking for them costs next to nothing. */
    public boolean isUnpacked() {
        return Files.isDirectory(folder());
    }
}
