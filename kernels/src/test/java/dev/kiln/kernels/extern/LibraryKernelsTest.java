package dev.kiln.kernels.extern;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class LibraryKernelsTest {
    @Test
    void generatedCodeCallsSgemm() {
        LibraryKernel sgemm = LibraryKernels.find("openblas.sgemm").orElseThrow();
        assertThat(sgemm.identity()).matches("openblas\\.sgemm@openblas-0\\.3\\..*");
        Path file = NativeFixture.graph("""
                typedef void gemm(int, int, int, int, int, int, float, const float*, int, const float*, int,
                                  float, float*, int);
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return 0; }
                int32_t kiln_entry(const kiln_call* c) {
                  ((gemm*)c->externs[0])(101, 111, 111, 2, 2, 3, 1, c->inputs[0], 3, c->inputs[1], 2, 0,
                                         c->outputs[0], 2);
                  return 0;
                }
                """);
        Tensor a = Tensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor b = Tensor.ofFloats(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
        Tensor out = Tensor.allocate(DType.F32, 2, 2);
        try (KilnRuntime runtime = NativeFixture.runtime(1);
                NativeGraph graph = GraphLibrary.open(runtime, file, NativeFixture.ISA)
                        .bind(List.of(), List.of(sgemm.address()))) {
            graph.call(new long[0], new MemorySegment[] {a.data(), b.data()},
                    new MemorySegment[] {out.data()});
        }
        assertThat(out.toFloatArray()).containsExactly(4, 5, 10, 11);
    }

    @Test
    void unknownNamesAreAbsent() {
        assertThat(LibraryKernels.find("openblas.nonsense")).isEmpty();
        assertThat(LibraryKernels.find("mkl.sgemm")).isEmpty();
        assertThat(LibraryKernels.find("sgemm")).isEmpty();
        assertThat(LibraryKernels.version("openblas")).isPresent();
        assertThat(LibraryKernels.version("mkl")).isEmpty();
    }
}
