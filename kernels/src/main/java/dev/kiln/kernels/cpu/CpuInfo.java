package dev.kiln.kernels.cpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringTokenizer;

/**
 * What the machine says about its CPU. Detection never fails: what cannot be read gets a value that holds for
 * common CPUs.
 *
 * @param arch     {@code x86_64} or {@code aarch64}, or the JVM's own name for anything else
 * @param model    the vendor's name of the CPU, {@code unknown} where the system gives none
 * @param features names of CPU features as the Linux kernel lists them
 * @param cores    logical processors that this JVM may use, at least 1
 * @param l1dBytes size of one core's first-level data cache
 * @param l2Bytes  size of one core's second-level cache
 */
public record CpuInfo(String arch, String model, Set<String> features, int cores, long l1dBytes,
        long l2Bytes) {
    private static final long DEFAULT_L1D = 32L << 10;
    private static final long DEFAULT_L2 = 512L << 10;
    private static final String ZEN_5 = "26";

    public CpuInfo {
        features = Set.copyOf(features);
    }

    private static final class Host {
        static final CpuInfo INFO = read(Path.of("/proc/cpuinfo"),
                Path.of("/sys/devices/system/cpu/cpu0/cache"),
                System.getProperty("os.arch"), Runtime.getRuntime().availableProcessors());
    }

    /** The CPU of this machine, read once per JVM. */
    public static CpuInfo detect() {
        return Host.INFO;
    }

    static CpuInfo read(Path cpuinfo, Path caches, String osArch, int processors) {
        Map<String, String> first = firstProcessor(cpuinfo);
        String features = first.getOrDefault("flags", first.getOrDefault("Features", ""));
        return new CpuInfo(architecture(osArch), first.getOrDefault("model name", "unknown"),
                words(features), Math.max(1, processors), cacheBytes(caches, 1, usualL1d(first)),
                cacheBytes(caches, 2, usualL2(first)));
    }

    /** Where a virtual machine does not tell: AMD's Zen 5 has 48 KiB. */
    private static long usualL1d(Map<String, String> cpu) {
        return isAmd(cpu) && cpu.getOrDefault("cpu family", "").equals(ZEN_5) ? 48L << 10 : DEFAULT_L1D;
    }

    /** On AMD's processors "cache size" is the second level's, on Intel's the third's. */
    private static long usualL2(Map<String, String> cpu) {
        long told = isAmd(cpu) ? parseSize(cpu.getOrDefault("cache size", "").replace(" KB", "K")) : 0;
        return told > 0 ? told : DEFAULT_L2;
    }

    private static boolean isAmd(Map<String, String> cpu) {
        return cpu.getOrDefault("vendor_id", "").equals("AuthenticAMD");
    }

    private static Set<String> words(String text) {
        Set<String> words = new HashSet<>();
        StringTokenizer tokens = new StringTokenizer(text);
        while (tokens.hasMoreTokens()) {
            words.add(tokens.nextToken());
        }
        return words;
    }

    private static String architecture(String osArch) {
        return switch (osArch) {
            case "amd64", "x86_64", "x86-64" -> "x86_64";
            case "aarch64", "arm64" -> "aarch64";
            default -> osArch.toLowerCase(Locale.ROOT);
        };
    }

    /** Reads up to the first blank line only: on a large server the whole file takes milliseconds. */
    private static Map<String, String> firstProcessor(Path cpuinfo) {
        Map<String, String> fields = new HashMap<>();
        try (BufferedReader in = Files.newBufferedReader(cpuinfo, StandardCharsets.ISO_8859_1)) {
            for (String line = in.readLine(); line != null && !line.isBlank(); line = in.readLine()) {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    fields.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
                }
            }
        } catch (IOException e) {
            return fields;
        }
        return fields;
    }

    private static long cacheBytes(Path caches, int level, long fallback) {
        for (int i = 0; i < 8; i++) {
            Path index = caches.resolve("index" + i);
            if (line(index.resolve("level")).equals(Integer.toString(level))
                    && !line(index.resolve("type")).equals("Instruction")) {
                long bytes = parseSize(line(index.resolve("size")));
                return bytes > 0 ? bytes : fallback;
            }
        }
        return fallback;
    }

    private static String line(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** Bytes of a size such as {@code 32K}, 0 for anything else; by hand, because every start runs it. */
    private static long parseSize(String text) {
        int digits = 0;
        long value = 0;
        while (digits < Math.min(12, text.length()) && Character.isDigit(text.charAt(digits))) {
            value = value * 10 + Character.digit(text.charAt(digits++), 10);
        }
        return switch (text.substring(digits)) {
            case "" -> value;
            case "K" -> value << 10;
            case "M" -> value << 20;
            case "G" -> value << 30;
            default -> 0;
        };
    }

    /** Whether code compiled for {@code isa} runs here. */
    public boolean supports(Isa isa) {
        boolean rightArch = isa == Isa.BASELINE || arch.equals(isa.isX86() ? "x86_64" : "aarch64");
        return rightArch && features.containsAll(isa.requiredFeatures());
    }

    /** The strongest instruction set that this CPU supports. */
    public Isa bestIsa() {
        Isa[] all = Isa.values();
        for (int i = all.length - 1; i > 0; i--) {
            if (supports(all[i])) {
                return all[i];
            }
        }
        return Isa.BASELINE;
    }

    /**
     * Refuses code that this CPU could not run.
     *
     * @throws UnsupportedIsaException naming the features that are missing
     */
    public void require(Isa isa) {
        if (!supports(isa)) {
            List<String> missing = isa.requiredFeatures().stream().filter(f -> !features.contains(f))
                    .toList();
            throw new UnsupportedIsaException(isa, this,
                    missing.isEmpty() ? "the architecture" : String.join(", ", missing));
        }
    }
}
