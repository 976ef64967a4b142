package dev.kiln.kernels.extern;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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

    /** Bytes times signed bytes; the worker says that it wants one thread, and takes its word back. */
    @Test
    void generatedCodeCallsOneDnn() {
        List<LibraryKernel> kernels = Stream.of("dnnl.gemm_u8s8s32", "dnnl.omp_get_max_threads",
                "dnnl.omp_set_num_threads").map(name -> LibraryKernels.find(name).orElseThrow()).toList();
        assertThat(kernels.getFirst().identity()).matches("dnnl\\.gemm_u8s8s32@dnnl-3\\..*");
        Path file = NativeFixture.graph("""
                typedef int gemm(char, char, char, int64_t, int64_t, int64_t, float, const uint8_t*, int64_t, uint8_t,
                                 const int8_t*, int64_t, int8_t, float, int32_t*, int64_t, const int32_t*);
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return 0; }
                int32_t kiln_entry(const kiln_call* c) {
                  const int32_t zero = 0;
                  const int threads = ((int (*)(void))c->externs[1])();
                  ((void (*)(int))c->externs[2])(1);
                  int status = ((gemm*)c->externs[0])('N', 'N', 'F', 2, 2, 3, 1, c->inputs[0], 3, 0,
                                         c->inputs[1], 2, 0, 0, c->outputs[0], 2, &zero);
                  ((void (*)(int))c->externs[2])(threads);
                  return status;
                }
                """);
        Tensor a = Tensor.allocate(DType.U8, 2, 3);
        Tensor b = Tensor.allocate(DType.I8, 3, 2);
        MemorySegment.copy(MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, (byte) 200}), 0, a.data(), 0, 6);
        MemorySegment.copy(MemorySegment.ofArray(new byte[] {1, 0, 0, 1, 1, -1}), 0, b.data(), 0, 6);
        Tensor out = Tensor.allocate(DType.I32, 2, 2);
        try (KilnRuntime runtime = NativeFixture.runtime(1);
                NativeGraph graph = GraphLibrary.open(runtime, file, NativeFixture.ISA)
                        .bind(List.of(), kernels.stream().map(LibraryKernel::address).toList())) {
            graph.call(new long[0], new MemorySegment[] {a.data(), b.data()},
                    new MemorySegment[] {out.data()});
        }
        assertThat(out.data().toArray(ValueLayout.JAVA_INT)).containsExactly(4, -1, 204, -195);
    }

    @Test
    void unknownNamesAreAbsent() {
        assertThat(LibraryKernels.find("openblas.nonsense")).isEmpty();
        assertThat(LibraryKernels.find("mkl.sgemm")).isEmpty();
        assertThat(LibraryKernels.find("sgemm")).isEmpty();
        assertThat(LibraryKernels.find("dnnl.nonsense")).isEmpty();
        assertThat(LibraryKernels.isPresent("dnnl.sgemm")).isTrue();
        assertThat(LibraryKernels.isPresent("mkl.sgemm")).isFalse();
        assertThat(LibraryKernels.versions()).hasSize(2);
        assertThat(LibraryKernels.version("openblas")).isPresent();
        assertThat(LibraryKernels.version("mkl")).isEmpty();
    }
}
