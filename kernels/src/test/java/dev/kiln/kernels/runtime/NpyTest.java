package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The files among the resources were written by NumPy 2.4. */
class NpyTest {
    @TempDir
    Path dir;

    private static Path resource(String name) throws Exception {
        return Path.of(NpyTest.class.getResource(name + ".npy").toURI());
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void roundTrips(DType dtype) {
        for (long[] shape : new long[][] {{}, {5}, {2, 0, 3}, {3, 4, 2}}) {
            Tensor tensor = Tensor.allocate(dtype, shape);
            for (long i = 0; i < tensor.numel() * dtype.bytes(); i++) {
                tensor.data().set(java.lang.foreign.ValueLayout.JAVA_BYTE, i,
                        (byte) (dtype == DType.BOOL ? i & 1 : i * 7 + 1));
            }
            Path file = dir.resolve("t.npy");
            Npy.write(file, tensor);
            Tensor back = Npy.read(file);
            assertThat(back.dtype()).isEqualTo(dtype);
            assertThat(back.shape()).isEqualTo(shape);
            assertThat(back.data().mismatch(tensor.data())).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @CsvSource({"c_order,F32", "fortran_order,F32", "version2,I16", "version3,I16"})
    void readsWhatNumPyWrote(String name, DType dtype) throws Exception {
        Tensor tensor = Npy.read(resource(name));
        assertThat(tensor.dtype()).isEqualTo(dtype);
        assertThat(tensor.shape()).containsExactly(2, 3);
        assertThat(tensor.toFloatArray()).containsExactly(0, 1, 2, 3, 4, 5);
    }

    @Test
    void readsComplexNumbers() throws Exception {
        Tensor tensor = Npy.read(resource("complex"));
        assertThat(tensor.dtype()).isEqualTo(DType.C64);
        assertThat(tensor.shape()).containsExactly(2, 3);
        assertThat(tensor.parts().toFloatArray()).containsExactly(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0);
        assertThatThrownBy(tensor::toFloatArray).isInstanceOf(KilnException.BadInput.class).hasMessageContaining("parts()");
    }

    @Test
    void writesTheBytesNumPyWrites() throws Exception {
        Path file = dir.resolve("same.npy");
        Npy.write(file, Npy.read(resource("c_order")));
        assertThat(file).hasSameBinaryContentAs(resource("c_order"));
    }

    @Test
    void readsScalarsAndEmptyArrays() throws Exception {
        assertThat(Npy.read(resource("scalar_f16")).toFloatArray()).containsExactly(1.5f);
        assertThat(Npy.read(resource("empty_i64")).shape()).containsExactly(0, 4);
    }

    @Test
    void writesViewsInOrder() {
        Tensor base = Tensor.ofInts(new int[] {1, 2, 3, 4}, 2, 2);
        Path file = dir.resolve("view.npy");
        Npy.write(file, Tensor.of(base.data(), DType.I32, new long[] {2, 2}, new long[] {1, 2}));
        assertThat(Npy.read(file).toIntArray()).containsExactly(1, 3, 2, 4);
    }

    @ParameterizedTest
    @CsvSource({"big_endian,big endian", "structured,no plain type"})
    void namesWhatItCannotRead(String name, String message) {
        assertThatThrownBy(() -> Npy.read(resource(name)))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining(message.replace("'", ""));
    }

    @Test
    void rejectsTruncatedFilesAtEveryLength() throws Exception {
        byte[] whole = Files.readAllBytes(resource("c_order"));
        for (int length = 0; length < whole.length; length++) {
            Path file = Files.write(dir.resolve("cut.npy"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Npy.read(file)).isInstanceOf(KilnException.BadInput.class);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "(999999999999999999, 999999999999999999)|too large", "(100000000000,)|cut short",
        "(-1,)|no plain shape"})
    void rejectsHostileShapesBeforeAllocating(String shape, String message) throws Exception {
        String text = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n";
        byte[] head = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length(), 0};
        byte[] file = Arrays.copyOf(head, head.length + text.length());
        System.arraycopy(text.getBytes(), 0, file, head.length, text.length());
        Path path = Files.write(dir.resolve("hostile.npy"), file);
        assertThatThrownBy(() -> Npy.read(path)).isInstanceOf(KilnException.BadInput.class)
                .hasMessageContaining(message);
    }

    @Test
    void namesTheAbsentFileAndLeavesNothingHalfWritten() {
        assertThatThrownBy(() -> Npy.read(dir.resolve("absent.npy"))).hasMessageContaining("no such file");
        assertThatThrownBy(() -> Npy.write(dir.resolve("no/such/dir.npy"), Tensor.ofInts(new int[1], 1)))
                .isInstanceOf(KilnException.class).hasMessageContaining("cannot write");
        assertThat(dir).isEmptyDirectory();
    }
}
