package dev.kiln.kernels.gemm;

import java.util.Optional;

/**
 * One matrix product {@code C[M,n] = A[M,k] * B[k,n]} to be rendered: B is constant and packed before, or a tensor.
 *
 * @param name     prefix of every C name of the rendering, a C identifier
 * @param micro    register block
 * @param types    of the operands
 * @param n        columns of B and C
 * @param k        depth, in numbers
 * @param blocking cache blocking, along k in elements of {@code micro}'s type
 * @param groups   of numbers of the weight that share a scale and a zero
 * @param copies   whether a task copies its rows of A first, because they are not whole elements side by side
 * @param widening where the weight is widened
 * @param layout   of A and B in memory
 */
public record GemmSpec(String name, MicroGemm micro, GemmTypes types, long n, long k, GemmBlocking blocking,
        Groups groups, boolean copies, Widening widening, Layout layout) {

    /**
     * How the operands lie.
     *
     * @param byColumns whether A's numbers lie side by side along m instead of along k
     * @param tensor    the B to pack at run time; empty if it is packed already
     */
    public record Layout(boolean byColumns, Optional<Tensor> tensor) {
        public static final Layout CONSTANT = new Layout(false, Optional.empty());
    }

    /**
     * A B that comes at run time, packed by the first of the parallel loops.
     *
     * @param order  whether its numbers lie side by side along n or along k
     * @param stored its numbers, which are packed as they are multiplied
     */
    public record Tensor(PackedWeight.Order order, Stored stored) {
    }

    /** Where a weight that is stored narrower than it is multiplied is widened. */
    public enum Widening {
        /** It is not narrower. */
        NONE,
        /** Step by step into a scratch panel, which all rows of the task then use: best for many rows. */
        IN_PANELS,
        /** As the micro-kernels load it: best for few rows, which wait for memory. */
        IN_REGISTERS
    }

    /**
     * Numbers of the weight that share a scale and a zero: number (k, n) stands for {@code number * scale + zero}, with
     * {@code scales[k / size][n]} being the two.
     *
     * @param size   numbers along k; 0 for a weight whose numbers stand for themselves
     * @param stored of the scales and zeros: a float
     */
    public record Groups(int size, Stored stored) {
        public static final Groups NONE = new Groups(0, Stored.F32);
    }

    public GemmSpec {
        CNames.requireIdentifier(name);
        if (n < 1 || k < 1) {
            throw new IllegalArgumentException("GEMM " + name + " needs n and k of at least 1, not " + n
                    + ", " + k);
        }
        if (blocking.mc() % micro.mr() != 0 || blocking.nc() % micro.nr() != 0) {
            throw new IllegalArgumentException("blocking " + blocking
                    + " is not a multiple of the register block " + micro.mr() + "x" + micro.nr());
        }
        if (types.compute() != micro.type()) {
            throw new IllegalArgumentException(types + " is not what a register block of " + micro.type() + " multiplies");
        }
        if (groups.size() > 0 && (k % groups.size() != 0 || groups.size() % 32 != 0
                || (long) blocking.kc() * micro.type().depth() != groups.size())) {
            throw new IllegalArgumentException("groups of " + groups.size() + " must be steps along k and divide it: "
                    + k + ", " + blocking);
        }
        if (types.widensWeight() == (widening == Widening.NONE)) {
            throw new IllegalArgumentException(types + " and widening " + widening + " do not fit");
        }
        if (widening == Widening.IN_REGISTERS && micro.tiles()) {
            throw new IllegalArgumentException("tiles load weights that are wide already");
        }
        if (layout.byColumns() && groups.size() > 0) {
            throw new IllegalArgumentException("groups are summed along rows of A");
        }
        copies = layout.byColumns() ? micro.tiles()
            : copies || types.widensInput() || micro.tiles() || k % micro.type().depth() != 0;
    }

    /** A product with a constant B and an A that lies by rows. */
    public GemmSpec(String name, MicroGemm micro, GemmTypes types, long n, long k, GemmBlocking blocking, Groups groups,
            boolean copies, Widening widening) {
        this(name, micro, types, n, k, blocking, groups, copies, widening, Layout.CONSTANT);
    }

    /** A product of numbers that are stored as they are multiplied. */
    public GemmSpec(String name, MicroGemm micro, long n, long k, GemmBlocking blocking) {
        this(name, micro, GemmTypes.of(micro.type()), n, k, blocking, Groups.NONE, false, Widening.NONE);
    }

    public ElementType elementType() {
        return micro.type();
    }

    /** Panels of packed B. */
    public long panels() {
        return Math.ceilDiv(n, micro.nr());
    }

    /** How B must be packed. */
    public PackedWeight packing() {
        return new PackedWeight(micro, types, n, k, 1, 1);
    }

    /** Elements along k, padding included. */
    long elements() {
        return packing().elements();
    }

    /** Bytes that the packed form of B takes, for all workers together; at a multiple of {@link PackedWeight#ALIGNMENT}. */
    public long panelBytes() {
        return packing().bytes();
    }

    /** Bytes that a worker needs: its rows of A, their sums, and a step of a panel. */
    public long scratchBytes() {
        return copyBytes() + stepBytes() + sumBytes() + scaleBytes() + (widening == Widening.IN_PANELS
                ? aligned((long) blocking.kc() * micro.nr() * micro.type().bytes()) : 0);
    }

    /** Whether tasks pack A step by step, for micro-kernels that read columns. */
    boolean packsColumns() {
        return layout.byColumns() && !micro.tiles();
    }

    private long stepBytes() {
        return packsColumns() ? aligned(blocking.mc() * Math.min(blocking.kc(), elements()) * micro.type().bytes()) : 0;
    }

    long copyBytes() {
        return copies ? aligned(blocking.mc() * elements() * micro.type().bytes()) : 0;
    }

    long sumBytes() {
        return groups.size() == 0 ? 0 : aligned(blocking.mc() * (k / groups.size()) * Float.BYTES);
    }

    long scaleBytes() {
        return groups.size() == 0 ? 0 : aligned(2 * (k / groups.size()) * micro.nr() * Float.BYTES);
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, PackedWeight.ALIGNMENT) * PackedWeight.ALIGNMENT;
    }
}
