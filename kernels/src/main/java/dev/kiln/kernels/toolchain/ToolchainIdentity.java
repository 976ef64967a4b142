package dev.kiln.kernels.toolchain;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import org.slf4j.LoggerFactory;

/**
 * Version and digest of the bundled tools, from the checksums in the jar's table of contents. Opening the jar
 * and hashing takes a fresh JVM some 50 ms, so the result is noted beside the unpacked tools, for as long as
 * the jar keeps path, size and time of change.
 *
 * @param version version of the Maven artifact
 * @param digest  32 hexadecimal digits over name, checksum and size of the tools
 */
record ToolchainIdentity(String version, String digest) {
    private static final String PACKAGE = "org/bytedeco/llvm/";
    private static final String PROPERTIES = "META-INF/maven/org.bytedeco/llvm/pom.properties";
    private static final List<String> TOOLS = List.of("clang", "lld", "libclang-cpp.so", "libLLVM.so");

    static ToolchainIdentity of(String platform, Path root) {
        String jar = jarOnClassPath(platform);
        Path note = root.resolve("identity-" + platform);
        try {
            String stamp = stamp(jar);
            if (!stamp.isEmpty() && Files.exists(note)) {
                String[] fields = Files.readString(note).split("\n", 4);
                if (fields.length == 4 && fields[0].equals(stamp)) {
                    return new ToolchainIdentity(fields[1], fields[2]);
                }
            }
            ToolchainIdentity computed = new ToolchainIdentity(readVersion(), computeDigest(platform));
            if (!stamp.isEmpty()) {
                computed.writeTo(note, stamp);
            }
            return computed;
        } catch (IOException e) {
            throw new ToolchainException("cannot read the bundled compiler: " + e.getMessage(), e);
        }
    }

    private static String jarOnClassPath(String platform) {
        for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
            if (entry.endsWith("-" + platform + ".jar") && new File(entry).getName().startsWith("llvm-")) {
                return entry;
            }
        }
        return "";
    }

    private static String stamp(String jar) throws IOException {
        if (jar.isEmpty()) {
            return "";
        }
        Path path = Path.of(jar).toAbsolutePath();
        return path + " " + Files.size(path) + " " + Files.getLastModifiedTime(path).toMillis();
    }

    /** A note that cannot be written only costs time at the next start. */
    private void writeTo(Path note, String stamp) {
        try {
            Files.createDirectories(note.getParent());
            Path temporary = Files.createTempFile(note.getParent(), "identity-", ".tmp");
            Files.writeString(temporary, stamp + "\n" + version + "\n" + digest + "\n");
            Files.move(temporary, note, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LoggerFactory.getLogger(ToolchainIdentity.class).debug("cannot write {}: {}", note, e.toString());
        }
    }

    private static String readVersion() throws IOException {
        try (InputStream in = loader().getResourceAsStream(PROPERTIES)) {
            Properties values = new Properties();
            if (in != null) {
                values.load(in);
            }
            return values.getProperty("version", "unknown");
        }
    }

    private static String computeDigest(String platform) throws IOException {
        StringBuilder text = new StringBuilder(platform);
        for (String name : TOOLS) {
            text.append('\n').append(name).append(' ').append(checksum(resource(platform, name)));
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String checksum(URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        if (connection instanceof JarURLConnection jar) {
            return Long.toHexString(jar.getJarEntry().getCrc()) + " " + jar.getJarEntry().getSize();
        }
        return Long.toString(connection.getContentLengthLong());
    }

    /** Where a file of the platform jar lies. */
    static URL resource(String platform, String name) {
        URL url = loader().getResource(PACKAGE + platform + "/" + name);
        if (url == null) {
            throw new ToolchainException("the bundled compiler is not on the class path:"
                    + " add org.bytedeco:llvm with classifier " + platform);
        }
        return url;
    }

    private static ClassLoader loader() {
        return ToolchainIdentity.class.getClassLoader();
    }
}
