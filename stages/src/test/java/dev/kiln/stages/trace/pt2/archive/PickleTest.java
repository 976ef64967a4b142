package dev.kiln.stages.trace.pt2.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.archive.PickleValue.Tuple;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PickleTest {
    /** Protocol 2, the text with bytes as characters, and STOP. */
    private static Object load(String opcodes) {
        byte[] bytes = ("\u0080\u0002" + opcodes + ".").getBytes(StandardCharsets.ISO_8859_1);
        return Pickle.load("p", MemorySegment.ofArray(bytes));
    }

    @Test
    void readsPlainValues() {
        assertThat(load("N")).isNull();
        assertThat(load("\u0088")).isEqualTo(true);
        assertThat(load("K\u00ff")).isEqualTo(255L);
        assertThat(load("J\u00ff\u00ff\u00ff\u00ff")).isEqualTo(-1L);
        assertThat(load("\u008a\u0000")).isEqualTo(0L);
        assertThat(load("\u008a\u0001\u0080")).isEqualTo(-128L);
        assertThat(load("\u008a\u0009" + "\0".repeat(8) + "\u0001")).isEqualTo(BigInteger.TWO.pow(64));
        assertThat(load("G\u0040\u0009\u0021\u00fb\u0054\u0044\u002d\u0018")).isEqualTo(Math.PI);
        assertThat(load("X\u0002\0\0\0hi")).isEqualTo("hi");
    }

    @Test
    void readsContainersAndRemembersThem() {
        assertThat(load("(K\u0001K\u0002t")).isEqualTo(new Tuple(List.of(1L, 2L)));
        assertThat(load("](K\u0001K\u0002e")).isEqualTo(List.of(1L, 2L));
        assertThat(load("}X\u0001\0\0\0aq\u0005K\u0001sh\u00050")).isEqualTo(Map.of("a", 1L));
        assertThat(load("ccollections\nOrderedDict\n)R")).isEqualTo(Map.of());
    }

    @ParameterizedTest
    @CsvSource({"os,system,os.system", "builtins,eval,builtins.eval", "torch,load,torch.load",
        "torch.fx._symbolic_trace,x,torch.fx._symbolic_trace.x"})
    void refusesEveryOtherGlobalByName(String module, String name, String shown) {
        assertThatThrownBy(() -> load("c" + module + "\n" + name + "\n)R"))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("needs '" + shown + "'");
    }

    @Test
    void namesWhatQuantisedAndSparseTensorsAre() {
        assertThatThrownBy(() -> load("ctorch._utils\n_rebuild_qtensor\n"))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("quantised");
        assertThatThrownBy(() -> load("ctorch._utils\n_rebuild_sparse_tensor\n"))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("sparse");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "t", "R", "h\u0001", "(", "\u0085", "a", "}K\u0001s", "]]K\u0001s", "i", "c",
        "X\u00ff\u00ff\u00ff\u007f",
        "\u008b\u00ff\u00ff\u00ff\u007f", "}])s", "K\u0001K\u0001R", "K\u0001Q", "ctorch\nFloatStorage\n)R", "(N0"})
    void refusesWhatDoesNotFitTogether(String opcodes) {
        assertThatThrownBy(() -> load(opcodes)).isInstanceOf(KilnException.BadInput.class).hasMessageStartingWith("p ");
    }

    @Test
    void givesOnlyTypedErrorsForRandomBytes() {
        Random random = new Random(7);
        String opcodes = "\u0080\u0095NJKMGXU()]}tlaesuq0rhjcRbQ."
            + "\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u0094\u0093\u0001\u0002";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = random.nextInt(30); k >= 0; k--) {
                text.append(opcodes.charAt(random.nextInt(opcodes.length())));
            }
            try {
                load(text.toString());
            } catch (KilnException.BadInput expected) {
                assertThat(expected.getMessage()).startsWith("p ");
            }
        }
    }
}
