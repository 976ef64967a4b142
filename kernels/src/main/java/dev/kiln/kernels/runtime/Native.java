package dev.kiln.kernels.runtime;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The one kind of native call Kiln makes: {@code int32_t f(void*)}. Functions of the runtime library take an
 * array of words for that reason.
 *
 * <p>Linking a first foreign-function handle takes a fresh JVM 25 to 50 ms, even from an AOT cache, which is
 * more than everything else on the way to a first result. So the runtime library exports a one-line JNI
 * method that jumps to an address; binding it takes 0.3 ms and a call costs no more. The handle serves where
 * the library is already bound to another class loader.
 */
final class Native {
    private static volatile boolean bound;

    private Native() {
    }

    private static final class Foreign {
        static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    }

    /**
     * Binds the JNI method to a runtime library, which then stays loaded as long as this class.
     *
     * @return false if another library serves already, or none can
     */
    static synchronized boolean bind(Path runtimeLibrary) {
        if (bound) {
            return false;
        }
        try {
            System.load(runtimeLibrary.toString());
            bound = true;
        } catch (UnsatisfiedLinkError e) {
            bound = false;
        }
        return bound;
    }

    /** Calls {@code function} with {@code argument}; both are addresses that stay valid during the call. */
    static int call(long function, long argument) {
        return bound ? call0(function, argument) : callForeign(function, argument);
    }

    private static native int call0(long function, long argument);

    static int callForeign(long function, long argument) {
        try {
            return (int) Foreign.CALL.invokeExact(MemorySegment.ofAddress(function),
                    MemorySegment.ofAddress(argument));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
