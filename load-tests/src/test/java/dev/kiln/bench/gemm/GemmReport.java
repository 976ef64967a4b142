package dev.kiln.bench.gemm;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.gemm.CacheSizes;
import java.io.PrintStream;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The table of the benchmark, in Markdown. */
record GemmReport(PrintStream out) {
    private static final List<String> TELLING = List.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16",
        "avx_vnni", "amx_tile", "amx_bf16", "amx_int8");

    /**
     * One line; times are milliseconds of a call.
     *
     * @param ratio the peer's time over Kiln's
     * @param reach what the ratio must be; 0 if nothing is asked
     * @param floor what one core takes at least
     * @param difference of the results, relative to the largest value; NaN if they are not comparable
     */
    record Row(String group, String work, double kiln, String peer, double peerMillis, double ratio, double reach,
            double floor, String kernel, double difference) {
        boolean reached() {
            return reach == 0 || ratio >= reach;
        }
    }

    Map<String, Object> machineFacts(Peaks peaks, int threads) {
        CpuInfo cpu = CpuInfo.detect();
        CacheSizes caches = CacheSizes.of(cpu);
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("cpu", cpu.model());
        facts.put("cores", cpu.cores());
        facts.put("threads", threads);
        facts.put("features", TELLING.stream().filter(cpu.features()::contains).toList());
        facts.put("l1d_kib", caches.l1d() >> 10);
        facts.put("l2_kib", caches.l2() >> 10);
        facts.put("peaks", peaks);
        return facts;
    }

    void machine(Peaks peaks, int threads) {
        machineFacts(peaks, threads).forEach((name, value) -> {
            if (!name.equals("peaks")) {
                out.println(name + ": " + value);
            }
        });
        out.printf(Locale.ROOT, "one core at best: f32 %.0f, bf16 %.0f, int8 %.0f GFLOP/s (GOP/s), memory %.1f GB/s%n%n",
            2 * peaks.f32(), 2 * peaks.bf16(), 2 * peaks.int8(), peaks.read());
        out.println("| work | Kiln, ms | peer | peer, ms | ratio | must reach | of what the core can | error | kernel |");
        out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    }

    void row(Row row) {
        out.printf(Locale.ROOT, "| %s | %s | %s | %s | %.2f%s | %s | %s | %s | %s |%n", row.work, millis(row.kiln),
            row.peer, millis(row.peerMillis), row.ratio, row.reached() ? "" : " !", row.reach == 0 ? "" : row.reach,
            Double.isNaN(row.floor) ? "" : String.format(Locale.ROOT, "%.0f %%", 100 * row.floor / row.kiln), Double.isNaN(row.difference) ? "" : String.format(Locale.ROOT, "%.0e", row.difference),
            row.kernel);
        out.flush();
    }

    void failed(String work, RuntimeException reason) {
        String text = String.valueOf(reason.getMessage()).lines().filter(l -> !l.isBlank()).findFirst().orElse("")
            .replace('|', '/');
        out.printf("| %s | not run: %s %s | | | | | | | |%n", work, reason.getClass().getSimpleName(), text);
        out.flush();
    }

    /** Geometric mean and worst of each group with more rows than can be read at a glance. */
    void summary(List<Row> rows) {
        Map<String, List<Row>> groups = rows.stream().collect(Collectors.groupingBy(Row::group, LinkedHashMap::new,
            Collectors.toList()));
        out.println();
        groups.forEach((group, own) -> {
            double mean = Math.exp(own.stream().mapToDouble(r -> Math.log(r.ratio())).average().orElseThrow());
            Row worst = own.stream().min(Comparator.comparingDouble(Row::ratio)).orElseThrow();
            out.printf(Locale.ROOT, "%s: %d rows, %d below their target, geometric mean %.2f, worst %.2f (%s)%n", group,
                own.size(), own.stream().filter(r -> !r.reached()).count(), mean, worst.ratio(), worst.work());
        });
    }

    private static String millis(double value) {
        return String.format(Locale.ROOT, value < 0.1 ? "%.4f" : "%.3f", value);
    }
}
