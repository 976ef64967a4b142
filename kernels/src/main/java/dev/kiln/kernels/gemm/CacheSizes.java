package dev.kiln.kernels.gemm;

import dev.kiln.kernels.cpu.CpuInfo;

/**
 * Data cache sizes of one core in bytes. Some machines report zero; such a size is replaced by a common one
 * rather than refused (pytorch/pytorch#138718).
 */
public record CacheSizes(long l1d, long l2) {
    public CacheSizes {
        l1d = l1d > 0 ? l1d : 32 * 1024;
        l2 = l2 > 0 ? l2 : 512 * 1024;
    }

    public static CacheSizes of(CpuInfo cpu) {
        return new CacheSizes(cpu.l1dBytes(), cpu.l2Bytes());
    }
}
