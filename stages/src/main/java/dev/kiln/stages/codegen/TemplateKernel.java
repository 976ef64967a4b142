package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.lowering.Operand;
import java.util.List;

/** A product with a weight and an epilogue, being written: in several variants, and as a reference. */
sealed interface TemplateKernel permits LinearKernel, ConvolutionKernel {
    Kernel.Kind kind();

    /** Buffers in the order of {@code args->p}; the weight is the second. */
    List<String> arguments();

    /** Whether the weight is packed while compiling. */
    boolean hasConstantWeight();

    /** Whether the weight lies with the output's columns outermost. */
    boolean weightTransposed();

    /** Text that differs whenever two kernels must differ; cheaper than their variants. */
    String identity();

    /** The expected best first. */
    List<Variant> variants(CodegenTarget target);

    /** By plain loops over the unpacked weight: the result that the variants must agree with. */
    Variant reference();

    /** Names the problem in logs and tuning records. */
    String op();

    /** What is multiplied, at the size hints, as text: the same for kernels that differ in their epilogues only. */
    List<String> operands(ShapeEnv shapes);

    /** The operand that is no constant. */
    Operand input();

    /** Products summed into one element. */
    long depth();

    /** Multiplications in all. */
    SymInt products();

    /** Bytes of scratch that each worker needs. */
    SymInt scratch();
}
