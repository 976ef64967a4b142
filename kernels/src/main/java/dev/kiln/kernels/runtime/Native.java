package dev.kiln.kernels.runtime;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The one kind of native call Kiln makes: {@code int32_t f(void*)}. Each further signature would cost a fresh JVM
 * several milliseconds of linking, so functions of the runtime library take their arguments in an array instead.
 */
final class Native {
    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

    private Native() {
    }

    static int call(MemorySegment function, MemorySegment argument) {
        try {
            return (int) CALL.invokeExact(function, argument);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
