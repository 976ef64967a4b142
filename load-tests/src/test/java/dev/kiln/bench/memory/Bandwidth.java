package dev.kiln.bench.memory;

import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;

/**
 * What the machine's memory gives to the same threads in the same process: 64 MB copied (with and without stores that
 * pass the caches by), and 64 MB read.
 */
final class Bandwidth implements AutoCloseable {
    static final long BYTES = 64L << 20;
    private static final String SOURCE = """
        typedef float block __attribute__((vector_size(256), aligned(64)));
        typedef int64_t lanes __attribute__((vector_size(256), aligned(64)));
        static void copy(void* ctx, int64_t begin, int64_t end, int32_t worker) {
          const kiln_call* call = (const kiln_call*)ctx;
          const block* x = (const block*)call->inputs[0];
          block* y = (block*)call->outputs[0];
          for (int64_t i = begin; i < end; i++) y[i] = x[i];
        }
        static void stream(void* ctx, int64_t begin, int64_t end, int32_t worker) {
          const kiln_call* call = (const kiln_call*)ctx;
          const block* x = (const block*)call->inputs[0];
          block* y = (block*)call->outputs[0];
          for (int64_t i = begin; i < end; i++) __builtin_nontemporal_store(x[i], &y[i]);
        }
        static void read(void* ctx, int64_t begin, int64_t end, int32_t worker) {
          const kiln_call* call = (const kiln_call*)ctx;
          const lanes* x = (const lanes*)call->inputs[0];
          lanes a = {0};
          for (int64_t i = begin; i < end; i++) a ^= x[i];
          *((lanes*)call->outputs[0] + worker) = a;
        }
        KILN_EXPORT int64_t kiln_workspace_bytes(const int64_t* syms, int32_t threads) { return 0; }
        KILN_EXPORT int32_t kiln_entry(const kiln_call* call) {
          kiln_task task = call->syms[0] == 0 ? copy : call->syms[0] == 1 ? stream : read;
          call->rt->parallel_for(call->rt->pool, task, (void*)call, %d, 1024);
          return 0;
        }
        """;

    private final CompiledChain code;

    Bandwidth(KilnRuntime runtime) {
        ConstantValue from = Memory.allocate(DType.F32, List.of(BYTES / 4));
        ConstantValue to = Memory.allocate(DType.F32, List.of(BYTES / 4));
        from.data().fill((byte) 1);
        to.data().fill((byte) 2);
        code = CompiledChain.of(runtime, RuntimeHeader.text() + SOURCE.formatted(BYTES / 256), List.of(from), to);
    }

    void copy() {
        code.run(0);
    }

    void stream() {
        code.run(1);
    }

    void read() {
        code.run(2);
    }

    @Override
    public void close() {
        code.close();
    }
}
