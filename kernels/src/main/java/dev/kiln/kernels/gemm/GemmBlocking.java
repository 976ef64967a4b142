package dev.kiln.kernels.gemm;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Cache blocking of a matrix product, in elements. A task multiplies {@code mc x K} of A by {@code K x nc} of
 * B in steps of {@code kc} along k; inside a step every panel of B ({@code kc x nr}, in L2 or L1) meets
 * every row tile of A ({@code mc x kc}, meant for L2).
 *
 * @param mc       rows of a task at most, a multiple of the register block's rows
 * @param nc       columns of a task at most, a multiple of the register block's columns
 * @param kc       depth of a step
 * @param prefetch rows of B to prefetch ahead in full tiles; 0 leaves it to the hardware
 */
public record GemmBlocking(int mc, int nc, int kc, int prefetch) {
    /** Partial tiles of a task live on the stack; this bounds them, in bytes. */
    static final int MAX_PARTIAL_BYTES = 128 * 1024;
    /** Elements along k in a step with tiles. */
    private static final int TILES_STEP = 128;
    /** Row tiles that meet a panel while it is in the second cache. */
    private static final int STREAMED_TILES = 4;

    public GemmBlocking {
        if (mc < 1 || nc < 1 || kc < 1 || prefetch < 0) {
            throw new IllegalArgumentException("blocking " + mc + "x" + nc + "x" + kc + " must be positive");
        }
    }

    /**
     * The blocking of the formula. One panel of B takes at most a fifth of L2, evened out over K: it streams
     * from L2 at a third of what the cache delivers, and is prefetched there while the panel before it is in
     * use, so that fitting L1 gains nothing. A takes about a fifth as well, but at least six row tiles, over
     * which that prefetch is spread. nc is as wide as the partial tiles allow, or 512 columns when K is one
     * step.
     */
    public static GemmBlocking of(MicroGemm micro, long n, long k, CacheSizes caches) {
        return withDepth(micro, n, k, caches, depth(micro, k, caches.l2() / 5));
    }

    /**
     * The same for operands of any types, depth in numbers. A panel that is widened takes half of L1 at most and is shared
     * by as many rows as half of L2 holds of a step; rows that are copied take a third of L2, all steps of them; with tiles
     * a step takes 16 KB of the panel, which is what they read fastest.
     *
     * @param copies whether a task copies its rows of A
     */
    public static GemmBlocking of(MicroGemm micro, GemmTypes types, GemmSpec.Groups groups, boolean copies, long n,
            long k, CacheSizes caches) {
        long elements = Math.ceilDiv(k, micro.type().depth());
        if (!types.widensWeight() && !copies && !micro.tiles()) {
            return of(micro, n, elements, caches);
        }
        int kc = groups.size() > 0 ? groups.size() / micro.type().depth()
            : micro.tiles() ? TILES_STEP : types.widensWeight() ? depth(micro, elements, caches.l1d() / 2)
            : of(micro, n, elements, caches).kc;
        kc = types.widensWeight() && groups.size() == 0 ? Math.ceilDiv(kc, 8) * 8 : kc;
        long rows = types.widensWeight() && !copies ? caches.l2() / 2 / ((long) kc * micro.type().bytes())
            : caches.l2() / 3 / (elements * micro.type().bytes());
        int mc = (int) Math.clamp(rows / micro.mr(), 1, Math.max(1, 240 / micro.mr())) * micro.mr();
        long columns = kc < elements && !types.widensWeight() ? MAX_PARTIAL_BYTES / ((long) mc * micro.type().bytes()) : 512;
        int nc = (int) Math.clamp(columns / micro.nr(), 1, Math.ceilDiv(n, micro.nr())) * micro.nr();
        return new GemmBlocking(mc, nc, kc, 0);
    }

    /** For few rows, which a panel passes once in steps as long as can be. */
    public static GemmBlocking streaming(MicroGemm micro, GemmSpec.Groups groups, long n, long k) {
        int depth = micro.type().depth();
        long kc = groups.size() > 0 ? groups.size() / depth : Math.ceilDiv(k, (long) depth);
        int nc = (int) Math.clamp(512 / micro.nr(), 1, Math.ceilDiv(n, micro.nr())) * micro.nr();
        return new GemmBlocking(STREAMED_TILES * micro.mr(), nc, Math.toIntExact(kc), 0);
    }

    /** That blocking first, then neighbours of it that are worth measuring; all different. */
    public static List<GemmBlocking> candidates(MicroGemm micro, GemmTypes types, GemmSpec.Groups groups, boolean copies,
            long n, long k, CacheSizes caches) {
        GemmBlocking first = of(micro, types, groups, copies, n, k, caches);
        if (!types.widensWeight() && !copies && !micro.tiles()) {
            return candidates(micro, n, Math.ceilDiv(k, micro.type().depth()), caches);
        }
        Set<GemmBlocking> found = new LinkedHashSet<>();
        found.add(first);
        int most = Math.max(1, 240 / micro.mr()) * micro.mr();
        found.add(new GemmBlocking(Math.min(most, 2 * first.mc), first.nc, first.kc, 0));
        found.add(new GemmBlocking(Math.max(1, first.mc / micro.mr() / 2) * micro.mr(), first.nc, first.kc, 0));
        if (groups.size() == 0) {
            found.add(new GemmBlocking(first.mc, first.nc, Math.max(16, first.kc / 2 / 16 * 16), 0));
        }
        return List.copyOf(found);
    }

    /** The formula's blocking first, then neighbours of it that are worth measuring; all different. */
    public static List<GemmBlocking> candidates(MicroGemm micro, long n, long k, CacheSizes caches) {
        Set<GemmBlocking> found = new LinkedHashSet<>();
        found.add(of(micro, n, k, caches));
        for (long panelBytes : new long[] {caches.l2() / 10, caches.l1d() * 3 / 4, caches.l2() / 2}) {
            found.add(withDepth(micro, n, k, caches, depth(micro, k, panelBytes)));
        }
        GemmBlocking first = found.iterator().next();
        int tiles = first.mc / micro.mr();
        found.add(new GemmBlocking(Math.max(1, tiles / 2) * micro.mr(), first.nc, first.kc, 0));
        found.add(new GemmBlocking(first.mc, first.nc, first.kc, 8));
        return List.copyOf(found);
    }

    private static int depth(MicroGemm micro, long k, long panelBytes) {
        long most = Math.max(64, panelBytes / ((long) micro.nr() * micro.type().bytes()));
        long steps = Math.ceilDiv(k, most);
        return (int) Math.max(1, steps == 1 ? k : Math.ceilDiv(Math.ceilDiv(k, steps), 8) * 8);
    }

    private static GemmBlocking withDepth(MicroGemm micro, long n, long k, CacheSizes caches, int kc) {
        int bytes = micro.type().bytes();
        long rows = caches.l2() * 11 / 50 / ((long) kc * bytes);
        int mc = Math.clamp(rows / micro.mr(), 6, Math.max(6, 240 / micro.mr())) * micro.mr();
        long columns = kc < k ? MAX_PARTIAL_BYTES / ((long) mc * bytes) : 512;
        long panels = Math.ceilDiv(n, micro.nr());
        int nc = (int) Math.clamp(columns / micro.nr(), 1, panels) * micro.nr();
        return new GemmBlocking(mc, nc, kc, 0);
    }
}
