package dev.kiln.kernels.toolchain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/**
 * The C compiler and linker that travel with Kiln in the {@code org.bytedeco:llvm} platform jar. Nothing is unpacked
 * before {@link #compiler()} or {@link #linker()} is asked for; a program that only loads finished artifacts never
 * pays for it. {@link #version()} and {@link #digest()} read the jar's table of contents only.
 *
 * <p>The tools go to {@code KILN_TOOLCHAIN_DIR}, else {@code $XDG_CACHE_HOME/kiln/toolchain}, else
 * {@code ~/.cache/kiln/toolchain}, in a folder named after version and digest. Safe for use by many threads and
 * processes.
 */
public final class Clang {
    private static final String PACKAGE = "org/bytedeco/llvm/";
    private static final List<String> IDENTITY = List.of("clang", "lld", "libclang-cpp.so", "libLLVM.so");

    private final Path root;
    private final String platform;
    private volatile String digest;
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
        Path caches = xdg != null && !xdg.isBlank() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return caches.resolve("kiln").resolve("toolchain");
    }

    private static String hostPlatform() {
        String arch = System.getProperty("os.arch");
        return System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT) + "-" + switch (arch) {
            case "amd64" -> "x86_64";
            case "aarch64" -> "arm64";
            default -> arch;
        };
    }

    /** Version of the bundled toolchain, for example {@code 20.1.7-1.5.12}. */
    public String version() {
        URL properties = loader().getResource("META-INF/maven/org.bytedeco/llvm/pom.properties");
        if (properties == null) {
            return "unknown";
        }
        try (var in = properties.openStream()) {
            Properties values = new Properties();
            values.load(in);
            return values.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Identity of the tools' bytes, for cache keys: 32 hexadecimal digits over the checksums in the jar.
     *
     * @throws ToolchainException when the platform jar is not on the class path
     */
    public String digest() {
        String known = digest;
        if (known == null) {
            known = computeDigest();
            digest = known;
        }
        return known;
    }

    private String computeDigest() {
        StringBuilder text = new StringBuilder(platform);
        for (String name : IDENTITY) {
            text.append('\n').append(name).append(' ').append(checksum(resource(name)));
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String checksum(URL resource) {
        try {
            URLConnection connection = resource.openConnection();
            if (connection instanceof JarURLConnection jar) {
                return Long.toHexString(jar.getJarEntry().getCrc()) + " " + jar.getJarEntry().getSize();
            }
            return Long.toString(connection.getContentLengthLong());
        } catch (IOException e) {
            throw new ToolchainException("cannot read the bundled compiler at " + resource, e);
        }
    }

    private URL resource(String name) {
        URL url = loader().getResource(PACKAGE + platform + "/" + name);
        if (url == null) {
            throw new ToolchainException("the bundled compiler is not on the class path:"
                    + " add org.bytedeco:llvm with classifier " + platform);
        }
        return url;
    }

    private static ClassLoader loader() {
        return Clang.class.getClassLoader();
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
            synchronized (this) {
                known = home;
                if (known == null) {
                    known = new ToolchainUnpacker(resource("clang"), root.resolve(version() + "-" + digest())).unpack();
                    home = known;
                }
            }
        }
        return known;
    }

    /** Whether the tools are unpacked already, so that asking for them costs next to nothing. */
    boolean isUnpacked() {
        return Files.isDirectory(root.resolve(version() + "-" + digest()));
    }
}
