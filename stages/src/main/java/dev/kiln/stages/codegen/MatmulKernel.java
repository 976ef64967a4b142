package dev.kiln.stages.codegen;

import dev.kiln.kernels.gemm.BatchedGemm;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Writes a batched product of any strides and dtype: the batched GEMM template where it has the element type. */
final class MatmulKernel {
    private static final int COLUMNS = 64;

    private final LoopNode.BatchedMatmul node;
    private final KernelNames names;
    private final List<String> symbols;

    MatmulKernel(LoopNode.BatchedMatmul node, List<String> symbols, Function<String, Buffer> buffers) {
        this.node = node;
        this.names = new KernelNames(buffers);
        this.symbols = symbols;
    }

    List<String> arguments() {
        return names.arguments();
    }

    Variant write(CodegenTarget target) {
        return elementType().map(element -> template(element, target))
            .orElseGet(() -> Variant.only(loops(), Set.of()));
    }

    private Optional<ElementType> elementType() {
        return switch (node.output().dtype()) {
            case F32 -> Optional.of(ElementType.F32);
            case F64 -> Optional.of(ElementType.F64);
            case I32 -> Optional.of(ElementType.I32);
            case I64 -> Optional.of(ElementType.I64);
            default -> Optional.empty();
        };
    }

    private Variant template(ElementType element, CodegenTarget target) {
        BatchedGemm gemm = BatchedGemm.shared(MicroGemm.table(target.isa(), element).getFirst());
        String left = names.pointer(node.left().buffer());
        String right = names.pointer(node.right().buffer());
        String output = names.target(node.output().name());
        List<SymInt> sizesOfLeft = node.left().sizes();
        boolean nested = sizesOfLeft.size() == 4;
        String batches = (nested ? size("outer", sizesOfLeft.getFirst()) : "")
            + size("batches", sizesOfLeft.get(sizesOfLeft.size() - 3));
        String sizes = size("m", sizesOfLeft.get(sizesOfLeft.size() - 2)) + size("n", node.right().sizes().getLast())
            + size("k", sizesOfLeft.getLast()) + batches + strides("l", node.left()) + strides("r", node.right());
        String places = nested ? "  const int64_t l[4] = {l0, l1, l2, l3}, r[4] = {r0, r1, r2, r3};\n"
            : "  const int64_t l[4] = {0, l0, l1, l2}, r[4] = {0, r0, r1, r2};\n";
        return Variant.only(gemm.declaration() + ";\nKILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n"
            + names.declarations(symbols, "  ") + sizes + places + "  " + gemm.name() + "_store_to(args->call, "
            + left + " + l_at, l, " + right + " + r_at, r, " + (nested ? "outer" : "1") + ", batches, m, n, k, " + output
            + ", m * n, n);\n}\n", Set.of(gemm, gemm.microKernels()));
    }

    /** For the dtypes that have no register blocks. */
    private String loops() {
        DType dtype = node.output().dtype();
        String left = names.pointer(node.left().buffer());
        String right = names.pointer(node.right().buffer());
        String output = names.target(node.output().name());
        String sizes = size("m", node.left().sizes().get(1)) + size("n", node.right().sizes().get(2))
            + size("k", node.left().sizes().get(2)) + strides("l", node.left()) + strides("r", node.right());
        String rows = names.index().print(node.left().sizes().get(0).times(node.left().sizes().get(1)));
        String cost = names.index().print(node.left().sizes().get(2).times(node.right().sizes().get(2)));
        return """
            static void KERNEL(void* ctx, int64_t begin, int64_t end, int32_t worker) {
              const kiln_args* args = (const kiln_args*)ctx;
              (void)worker;
            %1$s%2$s  for (int64_t row = begin; row < end; row++) {
                const %3$s* a = %4$s + l_at + (row / m) * l0 + (row %% m) * l1;
                const %3$s* b = %5$s + r_at + (row / m) * r0;
                for (int64_t j0 = 0; j0 < n; j0 += %6$d) {
                  const int64_t width = kiln_imin(%6$d, n - j0);
                  %11$s acc[%6$d] = {0};
                  for (int64_t s = 0; s < k; s++) {
                    const %11$s x = %12$s;
                    const %3$s* line = b + s * r1 + j0 * r2;
                    for (int64_t j = 0; j < width; j++) acc[j] %13$s;
                  }
                  for (int64_t j = 0; j < width; j++) %7$s[row * n + j0 + j] = %14$s;
                }
              }
            }
            KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {
            %8$s  args->call->rt->parallel_for(args->call->rt->pool, KERNEL, (void*)args, %9$s, kiln_grain(%10$s));
            }
            """.formatted(names.declarations(symbols, "  "), sizes, CTypes.stored(dtype), left, right, COLUMNS,
            output, names.index().declarations(symbols, "  "), rows, cost, CTypes.computed(dtype),
            CTypes.loaded("a[s * l2]", dtype), step(dtype), CTypes.storing("acc[j]", dtype));
    }

    /** Truth values are joined, numbers summed. */
    private static String step(DType dtype) {
        String element = CTypes.loaded("line[j * r2]", dtype);
        return dtype == DType.BOOL ? "|= x & (" + element + ")" : "+= x * " + element;
    }

    private String size(String name, SymInt size) {
        return "  const int64_t " + name + " = " + names.index().print(size) + ";\n";
    }

    private String strides(String prefix, Operand operand) {
        StringBuilder out = new StringBuilder(size(prefix + "_at", operand.offset()));
        for (int d = 0; d < operand.strides().size(); d++) {
            out.append(size(prefix + d, operand.strides().get(d)));
        }
        return out.toString();
    }
}
