package dev.kiln.kernels.toolchain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NativeCompilerTest {
    private static final CpuTarget TARGET = CpuTarget.of(Isa.AVX2);
    private static final String EXPORT = "__attribute__((visibility(\"default\"))) ";
    /** Nests inlining so deeply that clang works for minutes. */
    private static final CompileUnit ENDLESS = new CompileUnit("endless", """
            #define A(x) x x x x x x x x
            #define B(x) A(A(A(A(A(A(x))))))
            double f(double a, double b) {
              B(A(a = a * b + 1 / a; b = b / a - a * b; if (a > b) a += b;))
              return a;
            }
            """);
    private final NativeCompiler compiler = new NativeCompiler(Clang.bundled(), 2);

    @Test
    void sameBytesOnASecondRun() {
        List<CompileUnit> units = List.of(new CompileUnit("a", EXPORT + "float a(float x) { return x * 2; }"),
                new CompileUnit("b", EXPORT + "float b(float x) { return x + 2; }"));
        byte[] first = compiler.compileAll(units, TARGET, Deadline.none());
        byte[] again = compiler.compileAll(units, TARGET, Deadline.none());
        byte[] elsewhere = new NativeCompiler(Clang.bundled(), 1).compileAll(units, TARGET, Deadline.none());
        assertThat(again).isEqualTo(first).isEqualTo(elsewhere);
    }

    @Test
    void reportsWhatIsWrongAndWhere() throws Exception {
        CompileUnit bad = new CompileUnit("bad unit", "int f(void) { return undeclared; }\n");
        var error = catchThrowableOfType(CompilerException.class,
                () -> compiler.compileAll(List.of(new CompileUnit("good", "int g;"), bad), TARGET,
                        Deadline.none()));
        assertThat(error).hasMessageContaining("cannot compile bad_unit")
                .hasMessageContaining("bad_unit.c:1:22: error: use of undeclared identifier 'undeclared'");
        assertThat(error.getMessage()).doesNotContain("\n");
        assertThat(error.diagnostics().getFirst()).contains("error:");
        Path source = error.source().orElseThrow();
        assertThat(source).hasContent(bad.cSource());
        ToolchainUnpacker.deleteTree(source.getParent());
    }

    @Test
    void refusesUndefinedSymbols() {
        CompileUnit unit = new CompileUnit("open", "float expf(float); " + EXPORT
                + "float f(float x) { return expf(x); }");
        assertThatThrownBy(() -> compiler.compileAll(List.of(unit), TARGET, Deadline.none()))
                .isInstanceOf(CompilerException.class).hasMessageContaining("undefined symbol: expf");
    }

    @Test
    void definesWhatTheCompilerCallsOnItsOwn() {
        CompileUnit unit = new CompileUnit("calls", """
                struct big { char c[5000]; };
                %1$s void copy(struct big* a, struct big* b) { *a = *b; }
                %1$s void zero(struct big* a) { *a = (struct big){}; }
                %1$s int same(const char* a, const char* b, long n) { return __builtin_memcmp(a, b, n); }
                %1$s void move(char* a, const char* b, long n) { __builtin_memmove(a, b, n); }
                %1$s __bf16 narrow(float x) { return (__bf16)x; }
                %1$s _Float16 narrower(double x) { return (_Float16)x; }
                """.formatted(EXPORT));
        assertThat(compiler.compileAll(List.of(unit), TARGET, Deadline.none()))
                .startsWith(0x7f, 'E', 'L', 'F');
    }

    @Test
    void offersTheCompilersOwnHeadersOnly() throws Exception {
        CompileUnit vector = new CompileUnit("vector",
                "#include <immintrin.h>\n__m256 f(__m256 a) { return _mm256_add_ps(a, a); }");
        assertThat(compiler.compile(vector, TARGET, OptLevel.O1)).isNotEmpty();
        CompileUnit libc = new CompileUnit("libc", "#include <stdio.h>\n");
        var error = catchThrowableOfType(CompilerException.class,
                () -> compiler.compile(libc, TARGET, OptLevel.O0));
        assertThat(error).hasMessageContaining("stdio.h");
        ToolchainUnpacker.deleteTree(error.source().orElseThrow().getParent());
    }

    @ParameterizedTest
    @CsvSource({"AVX2,62", "AVX512,62", "AMX,62", "NEON,183"})
    void compilesForOtherCpus(Isa isa, int elfMachine) {
        CompileUnit unit = new CompileUnit("axpy", EXPORT
                + "void axpy(float* restrict y, const float* restrict x, float a, long n)"
                + " { for (long i = 0; i < n; i++) y[i] += a * x[i]; }");
        byte[] object = compiler.compile(unit, CpuTarget.of(isa), OptLevel.O3);
        byte[] library = compiler.compileAll(List.of(unit), CpuTarget.of(isa), Deadline.none());
        for (byte[] elf : List.of(object, library)) {
            assertThat(ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN).getShort(18))
                    .isEqualTo((short) elfMachine);
        }
    }

    @ParameterizedTest
    @EnumSource(Isa.class)
    void keepsInfinitiesAndNaN(Isa isa) {
        CompileUnit unit = new CompileUnit("special", """
                _Static_assert(__FINITE_MATH_ONLY__ == 0, "infinities and NaN count");
                int f(float x) { return x != x; }
                """);
        assertThat(compiler.compile(unit, CpuTarget.of(isa), OptLevel.O3)).isNotEmpty();
    }

    @Test
    void killsTheCompilerAtTheDeadline() {
        assertThatThrownBy(() -> compiler.compile(ENDLESS, TARGET, OptLevel.O3,
                Deadline.after(Duration.ofMillis(300))))
                .isInstanceOf(ToolchainException.DeadlineExceeded.class).hasMessageContaining("endless");
        assertNoChildIsLeft();
    }

    @Test
    void killsTheCompilerOnInterrupt() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        long before = NativeCompiler.compilerStarts();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                compiler.compileAll(List.of(ENDLESS), TARGET, Deadline.none());
            } catch (ToolchainException e) {
                thrown.set(e);
            }
        });
        while (NativeCompiler.compilerStarts() < before + 1) {
            Thread.sleep(5);
        }
        thread.interrupt();
        thread.join();
        assertThat(thrown.get()).isInstanceOf(ToolchainException.Cancelled.class);
        assertNoChildIsLeft();
    }

    @Test
    void anExpiredDeadlineStartsNothing() {
        long before = NativeCompiler.compilerStarts();
        assertThatThrownBy(() -> compiler.compileAll(List.of(new CompileUnit("a", "int a;")), TARGET,
                Deadline.after(Duration.ZERO))).isInstanceOf(ToolchainException.DeadlineExceeded.class);
        assertThat(NativeCompiler.compilerStarts()).isEqualTo(before);
    }

    @Test
    void countsEveryProcessAndCompilesAUnitOnce() {
        CompileUnit unit = new CompileUnit("counted", EXPORT + "int counted(void) { return 1; }");
        CompileUnit other = new CompileUnit("other", EXPORT + "int other(void) { return 2; }");
        compiler.compileAll(List.of(unit), TARGET, Deadline.none());
        long before = NativeCompiler.compilerStarts();
        compiler.compileAll(List.of(unit), TARGET, Deadline.none());
        assertThat(NativeCompiler.compilerStarts()).as("the link only").isEqualTo(before + 1);
        compiler.compileAll(List.of(unit, other), TARGET, Deadline.none());
        assertThat(NativeCompiler.compilerStarts()).as("one compile and one link").isEqualTo(before + 3);
    }

    @Test
    void leavesNoTemporaryFiles() throws Exception {
        long before = leftovers();
        compiler.compileAll(List.of(new CompileUnit("a", EXPORT + "int a(void) { return 1; }")), TARGET,
                Deadline.none());
        assertThat(leftovers()).isEqualTo(before);
    }

    private static long leftovers() throws Exception {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(f -> f.getFileName().toString().startsWith("kiln-cc-")).count();
        }
    }

    private static void assertNoChildIsLeft() {
        ProcessHandle.current().descendants().filter(p -> p.info().command().orElse("").endsWith("clang"))
                .map(p -> p.onExit().orTimeout(20, TimeUnit.SECONDS).join())
                .forEach(p -> assertThat(p.isAlive()).isFalse());
    }
}
