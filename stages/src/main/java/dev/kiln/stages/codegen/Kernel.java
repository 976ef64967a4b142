package dev.kiln.stages.codegen;

import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.kernels.toolchain.SharedCode;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A kernel as source; each variant defines {@code void launch_FUNCTION(const kiln_args*)}.
 *
 * @param comment says which nodes it computes
 * @param variants ways to compute it, the expected best first; autotuning keeps one
 * @param scratch bytes that each worker needs besides, over the symbols
 */
public record Kernel(String name, Kind kind, String comment, List<Variant> variants, SymInt scratch,
        Optional<Tuning> tuning) {

    /** With some of its variants, in order. */
    public Kernel with(List<Variant> some) {
        return new Kernel(name, kind, comment, some, scratch, tuning);
    }

    /** With the expected best variant only. */
    Kernel untuned() {
        return new Kernel(name, kind, comment, variants.subList(0, 1), scratch, Optional.empty());
    }

    public enum Kind { LOOPS, LINEAR, CONVOLUTION, MATMUL, ATTENTION, SIZE }

    /**
     * One way to compute a kernel.
     *
     * @param label the name in the autotune log
     * @param function the name that its C functions begin with, unique in the graph
     * @param text gives the source; where results are known only the chosen variant's is asked for
     * @param packing how the weight must be packed; empty takes it as it is
     * @param parts what it calls and other kernels too: compiled and linked once
     * @param externs library functions that it calls, by name, in the order of its {@code externs} indices
     */
    public record Variant(String label, String function, Supplier<String> text, Set<SharedCode> parts,
            Optional<PackedWeight> packing, List<String> externs) {

        public Variant(String label, String function, String source, Set<SharedCode> parts,
                Optional<PackedWeight> packing, List<String> externs) {
            this(label, function, () -> source, parts, packing, externs);
        }

        /** The C text. */
        public String source() {
            return text.get();
        }

        /** The way of a kernel that has one only. */
        static Variant only(String source, Set<SharedCode> parts) {
            return new Variant("", "KERNEL", source, parts, Optional.empty(), List.of());
        }
    }

    /**
     * What autotuning needs to know of a template.
     *
     * @param op the name in the autotune log
     * @param operands the two that are multiplied, then what the epilogue reads
     * @param work the same for kernels that differ in their epilogues only
     * @param identity what else tells this kernel from others of its operands
     * @param depth products summed into one element
     * @param products multiplications in all, at the size hints
     * @param reference a plain variant whose result the others must agree with
     */
    public record Tuning(String op, List<Operand> operands, String work, String identity, long depth, long products,
            int weightArgument, boolean weightTransposed, List<Argument> arguments, Variant reference) {
    }

    /** An operand at the size hints; strides in elements. */
    public record Operand(List<Long> sizes, List<Long> strides, DType dtype) {
    }

    /**
     * Memory that a kernel is given.
     *
     * @param bytes over the symbols
     */
    public record Argument(SymInt bytes, DType dtype, boolean written) {
    }
}
