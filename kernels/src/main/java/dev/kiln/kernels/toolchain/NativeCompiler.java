package dev.kiln.kernels.toolchain;

import dev.kiln.kernels.cpu.CpuTarget;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Turns C text into shared objects with the bundled clang and lld. Equal input gives equal bytes: the
 * compiler reads from standard input, sees no environment, and writes no paths, times or idents.
 *
 * <p>Arithmetic keeps infinities, NaN and signed zero; only contraction to fused multiply-add is allowed, and
 * floating-point exceptions and {@code errno} are not observed. Thread-safe; at most {@code maxProcesses}
 * tools run at a time, and none outlives its deadline or the interruption of its caller.
 */
public final class NativeCompiler {
    private static final List<String> COMMON = List.of("-std=gnu17", "-fPIC", "-ffreestanding", "-nostdlib",
            "-nostdinc", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fno-ident",
            "-fvisibility=hidden", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
            "-fno-color-diagnostics");
    private static final List<String> LINK = List.of("-shared", "-z", "defs", "-z", "noexecstack",
            "-z", "now", "--build-id=none", "--hash-style=gnu", "--gc-sections", "--strip-debug");
    /** What generated code is compiled at: vectors and unrolling are in the source; {@code -O3} adds size and time. */
    public static final OptLevel LEVEL = OptLevel.O2;
    private static final CompileUnit PRELUDE = prelude();

    private final ObjectMemo memo = new ObjectMemo();
    private final Clang clang;
    private final Semaphore slots;
    private final Map<String, byte[]> preludes = new ConcurrentHashMap<>();

    public NativeCompiler(Clang clang, int maxProcesses) {
        this.clang = clang;
        this.slots = new Semaphore(maxProcesses, true);
    }

    private static final class Shared {
        static final NativeCompiler COMPILER =
                new NativeCompiler(Clang.bundled(), Runtime.getRuntime().availableProcessors());
    }

    /** The process-wide compiler, limited to as many tools at a time as there are processors. */
    public static NativeCompiler shared() {
        return Shared.COMPILER;
    }

    /** How many compiler and linker processes this JVM has started so far. */
    public static long compilerStarts() {
        return ChildProcess.starts();
    }

    /** All that decides the bytes but source and target: toolchain, flags and prelude; for cache keys. */
    public String fingerprint() {
        return clang.digest() + " " + String.join(" ", COMMON) + " | " + String.join(" ", LINK)
                + " | " + Integer.toHexString(PRELUDE.cSource().hashCode());
    }

    /** One unit to a relocatable object. */
    public byte[] compile(CompileUnit unit, CpuTarget target, OptLevel level) {
        return compile(unit, target, level, Deadline.none());
    }

    /**
     * One unit to a relocatable object.
     *
     * @throws CompilerException                   when clang refuses the source
     * @throws ToolchainException.DeadlineExceeded when the deadline passes first
     * @throws ToolchainException.Cancelled        when the calling thread is interrupted
     */
    public byte[] compile(CompileUnit unit, CpuTarget target, OptLevel level, Deadline deadline) {
        try (WorkFolder work = WorkFolder.create()) {
            Path source = Files.writeString(work.path().resolve(unit.name() + ".c"), unit.cSource());
            Path object = work.path().resolve("unit.o");
            var result = limited(() -> ChildProcess.run("compiling " + unit.name(),
                    compileCommand(unit, target, level, object), source, work.path(), deadline), unit.name());
            if (result.exitCode() != 0) {
                throw refused(unit, result, source);
            }
            return Files.readAllBytes(object);
        } catch (IOException e) {
            throw new ToolchainException("cannot write temporary files for " + unit.name() + ": "
                    + e.getMessage(), e);
        }
    }

    private List<String> compileCommand(CompileUnit unit, CpuTarget target, OptLevel level, Path object) {
        List<String> command = new ArrayList<>();
        command.add(clang.compiler().toString());
        command.addAll(List.of("-x", "c", "-", "-c", level.flag()));
        command.addAll(COMMON);
        command.addAll(List.of("-isystem", clang.headers().toString()));
        command.addAll(target.clangFlags());
        command.addAll(unit.extraFlags());
        command.addAll(List.of("-o", object.toString()));
        return command;
    }

    private static CompilerException refused(CompileUnit unit, ChildProcess.Result result, Path source)
            throws IOException {
        Path kept = Files.createTempDirectory("kiln-refused-").resolve(source.getFileName());
        Files.move(source, kept, StandardCopyOption.REPLACE_EXISTING);
        List<String> errors = CompilerException.firstErrors(
                result.report().stream().map(line -> line.replace("<stdin>", unit.name() + ".c")).toList());
        return new CompilerException(unit.name(), result.exitCode(), errors, kept);
    }

    /**
     * Objects to one shared object, which must need nothing from outside.
     *
     * @throws CompilerException when a symbol is undefined or an object is unfit
     */
    public byte[] link(List<Path> objects) {
        return link(objects, Deadline.none());
    }

    /** As {@link #link(List)}, with a deadline. */
    public byte[] link(List<Path> objects, Deadline deadline) {
        return link(objects, Map.of(), deadline);
    }

    private byte[] link(List<Path> objects, Map<String, String> names, Deadline deadline) {
        try (WorkFolder work = WorkFolder.create()) {
            Path output = work.path().resolve("linked.so");
            List<String> command = new ArrayList<>(List.of(clang.linker().toString()));
            command.addAll(LINK);
            names.forEach((name, function) -> command.add("--defsym=" + name + "=" + function));
            command.addAll(List.of("-o", output.toString()));
            objects.forEach(object -> command.add(object.toAbsolutePath().toString()));
            var result = limited(
                    () -> ChildProcess.run("linking", command, null, work.path(), deadline), "link");
            if (result.exitCode() != 0) {
                throw new CompilerException("link", result.exitCode(),
                        CompilerException.firstErrors(result.report()), null);
            }
            return Files.readAllBytes(output);
        } catch (IOException e) {
            throw new ToolchainException("cannot write temporary files for linking: " + e.getMessage(), e);
        }
    }

    /**
     * Units to one shared object at {@link #LEVEL}, compiled side by side. The first failure stops the others.
     *
     * @throws CompilerException                   when clang refuses a unit or the linker finds a symbol
     *         undefined
     * @throws ToolchainException.DeadlineExceeded when the deadline passes first
     * @throws ToolchainException.Cancelled        when the calling thread is interrupted
     */
    public byte[] compileAll(List<CompileUnit> units, CpuTarget target, Deadline deadline) {
        return compileAll(units, Map.of(), target, deadline);
    }

    /**
     * As {@link #compileAll(List, CpuTarget, Deadline)}.
     *
     * @param names further names of functions that units define, and which
     */
    public byte[] compileAll(List<CompileUnit> units, Map<String, String> names, CpuTarget target, Deadline deadline) {
        List<CompileUnit> all = new ArrayList<>(units);
        byte[] knownPrelude = preludes.get(target.fingerprint());
        if (knownPrelude == null) {
            all.add(PRELUDE);
        }
        List<byte[]> objects = new ArrayList<>(compileSideBySide(all, target, deadline));
        if (knownPrelude == null) {
            preludes.put(target.fingerprint(), objects.getLast());
        } else {
            objects.add(knownPrelude);
        }
        return linkBytes(objects, names, deadline);
    }

    private byte[] compileOnce(CompileUnit unit, CpuTarget target, Deadline deadline) {
        return memo.get(unit, target, () -> compile(unit, target, LEVEL, deadline));
    }

    /** The object of a unit that was compiled lately. */
    public Optional<byte[]> known(CompileUnit unit, CpuTarget target) {
        return memo.known(unit, target);
    }

    /** Spares compiling a unit whose object was kept: that of a compiler with this one's {@link #fingerprint()}. */
    public void know(CompileUnit unit, CpuTarget target, byte[] object) {
        memo.know(unit, target, object);
    }

    /**
     * Begins to compile units that {@link #compileAll} will probably be asked for, and returns at once. A unit that
     * cannot be compiled is reported to who asks for it.
     */
    public void begin(List<CompileUnit> units, CpuTarget target, Deadline deadline) {
        for (CompileUnit unit : units) {
            Thread.ofVirtual().start(() -> {
                try {
                    compileOnce(unit, target, deadline);
                } catch (ToolchainException e) {
                    return; // whoever asks for the unit compiles it again and is told why it fails
                }
            });
        }
    }

    private List<byte[]> compileSideBySide(List<CompileUnit> units, CpuTarget target, Deadline deadline) {
        if (units.size() == 1) {
            return List.of(compileOnce(units.getFirst(), target, deadline));
        }
        List<Future<Integer>> futures = new ArrayList<>();
        byte[][] objects = new byte[units.size()][];
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletionService<Integer> done = new ExecutorCompletionService<>(threads);
            for (int i = 0; i < objects.length; i++) {
                int index = i;
                futures.add(done.submit(() -> {
                    objects[index] = compileOnce(units.get(index), target, deadline);
                    return index;
                }));
            }
            try {
                for (int i = 0; i < objects.length; i++) {
                    done.take().get();
                }
            } finally {
                futures.forEach(future -> future.cancel(true));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolchainException.Cancelled("compiling " + units.size() + " units");
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
        return List.of(objects);
    }

    private static RuntimeException rethrown(Throwable cause) {
        return switch (cause) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new ToolchainException("cannot compile: " + cause.getMessage(), cause);
        };
    }

    private byte[] linkBytes(List<byte[]> objects, Map<String, String> names, Deadline deadline) {
        try (WorkFolder work = WorkFolder.create()) {
            List<Path> files = new ArrayList<>();
            for (int i = 0; i < objects.size(); i++) {
                files.add(Files.write(work.path().resolve(i + ".o"), objects.get(i)));
            }
            return link(files, names, deadline);
        } catch (IOException e) {
            throw new ToolchainException("cannot write temporary files for linking: " + e.getMessage(), e);
        }
    }

    private interface Tool {
        ChildProcess.Result run();
    }

    private ChildProcess.Result limited(Tool tool, String what) {
        try {
            slots.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolchainException.Cancelled("compiling " + what);
        }
        try {
            return tool.run();
        } finally {
            slots.release();
        }
    }

    private static CompileUnit prelude() {
        try (InputStream in = NativeCompiler.class.getResourceAsStream("kiln_prelude.c")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new CompileUnit("kiln_prelude", text, List.of("-fno-builtin", "-ffunction-sections"));
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
