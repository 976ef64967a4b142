package dev.kiln.kernels.gemm;

import dev.kiln.kernels.cpu.Isa;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The register block of a matrix product: {@code mr x nr} accumulators, held in vectors of {@code
 * vectorBytes} or in tiles.
 *
 * @param type        what is multiplied
 * @param mr          rows of A taken together
 * @param nr          columns of B taken together, a whole number of vectors; also the width of a packed panel
 * @param vectorBytes size of one vector register in bytes
 * @param tiles       whether the accumulators are AMX tiles, of 16 rows and 16 columns each
 */
public record MicroGemm(ElementType type, int mr, int nr, int vectorBytes, boolean tiles) {
    /** Independent FMA chains that hide the latency: latency 4, two per cycle. */
    private static final int CHAINS_FOR_LATENCY = 8;

    /** The A vector, and one that is being made. */
    private static final int WIDENING_REGISTERS = 2;

    /** Rows of a tile, and elements in one of its rows. */
    static final int TILE = 16;

    public MicroGemm {
        if (tiles && (mr != 2 * TILE || nr != 2 * TILE || type.depth() == 1)) {
            throw new IllegalArgumentException("tiles multiply 32x32 short numbers, not " + mr + "x" + nr + " of " + type);
        }
        if (mr < 1 || nr < 1 || vectorBytes % type.bytes() != 0 || nr % (vectorBytes / type.bytes()) != 0) {
            throw new IllegalArgumentException("register block " + mr + "x" + nr + " of " + type
                    + " is not made of whole vectors of " + vectorBytes + " bytes");
        }
    }

    public MicroGemm(ElementType type, int mr, int nr, int vectorBytes) {
        this(type, mr, nr, vectorBytes, false);
    }

    /** Elements along k that are multiplied together: of each row of A so many are needed, the last ones may be zero. */
    int kStep() {
        return tiles ? TILE : 1;
    }

    /** Whether enough registers are left to widen a weight as it is loaded. */
    public boolean widensInRegisters() {
        return !tiles && mr * vectorsPerRow() + vectorsPerRow() + WIDENING_REGISTERS <= (vectorBytes == 64 ? 32 : 16);
    }

    /** Elements in one vector. */
    public int lanes() {
        return vectorBytes / type.bytes();
    }

    /** Vectors in one row of the block. */
    public int vectorsPerRow() {
        return nr / lanes();
    }

    /** Chains along k in the kernel for so many rows; a power of two. */
    int chains(int rows) {
        int chains = 1;
        while (chains * 2 * rows * vectorsPerRow() <= CHAINS_FOR_LATENCY) {
            chains *= 2;
        }
        return chains;
    }

    /**
     * The register blocks worth trying on an instruction set, the best general one first. The blocks leave
     * room for the vectors of a B row and, where the broadcast cannot be folded into the FMA, one vector of
     * A.
     */
    public static List<MicroGemm> table(Isa isa, ElementType type) {
        int[][] vectorsByRows = switch (isa) {
            case BASELINE -> new int[][] {{4, 2}, {6, 2}};
            case NEON -> new int[][] {{8, 2}, {4, 4}, {6, 4}};
            case AVX2 -> new int[][] {{6, 2}, {4, 3}};
            case AVX512, AVX512_BF16, AMX -> new int[][] {{14, 2}, {8, 3}, {12, 2}, {6, 4}, {20, 1}};
        };
        int lanes = isa.vectorBytes() / type.bytes();
        Stream<MicroGemm> vectors = Arrays.stream(vectorsByRows)
                .map(block -> new MicroGemm(type, block[0], block[1] * lanes, isa.vectorBytes()));
        boolean tiles = isa == Isa.AMX && (type == ElementType.BF16_PAIR || type == ElementType.BYTE_QUAD);
        return Stream.concat(tiles ? Stream.of(ofTiles(type)) : Stream.of(), vectors).toList();
    }

    /** Two by two AMX tiles: what its eight tile registers hold beside two of A and two of B. */
    static MicroGemm ofTiles(ElementType type) {
        return new MicroGemm(type, 2 * TILE, 2 * TILE, Isa.AMX.vectorBytes(), true);
    }
}
