package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizeParserTest {
    private static final Map<String, Long> VALUES = Map.of("s0", 13L, "s77", 6L);

    private final ShapeEnv shapes = new ShapeEnv();

    private SymInt parse(String text) {
        if (shapes.symbols().isEmpty()) {
            shapes.backed("s0", 1, Long.MAX_VALUE, 13);
            shapes.backed("s77", 1, Long.MAX_VALUE, 6);
        }
        return new SizeParser(text, name -> {
            if (!VALUES.containsKey(name)) {
                throw new KilnException.Unsupported(name + " is unknown");
            }
            return SymInt.symbol(name);
        }, shapes::evaluate).parse();
    }

    /** The value with s0 = 13 and s77 = 6. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "7 | 7", "-s0 | -13", "2*s0 + 1 | 27", "s0//2 | 6", "(s0 - 1)//-5 | -3", "s0**2 - s77 | 163", "s0 % 4 | 1",
        "-s0 % 4 | 3", "2*s0/2 | 13", "floor(s0/2) | 6", "ceiling(s0/2) | 7", "Max(1, s0 - 20, s77) | 6",
            "Min(s0, s77) | 6",
        "Symbol('s77', positive=True, integer=True) | 6",
        "Mul(Integer(2), Symbol('s77', integer=True)) | 12",
        "Add(Symbol('s0', positive=True), Integer(-1), Mul(Integer(-1), Symbol('s77'))) | 6",
        "FloorDiv(Add(Symbol('s0'), Integer(1)), Integer(4)) | 3",
        "ModularIndexing(Symbol('s0'), Integer(2), Integer(4)) | 2", "PythonMod(Symbol('s0'), Integer(4)) | 1",
        "CleanDiv(Symbol('s77'), Integer(3)) | 2", "CeilToInt(IntTrueDiv(Symbol('s0'), Integer(2))) | 7",
        "FloorToInt(IntTrueDiv(Symbol('s0'), Integer(-2))) | -7",
            "TruncToInt(IntTrueDiv(Symbol('s0'), Integer(-2))) | -6",
        "floor(Mul(Rational(1, 2), Symbol('s0'))) | 6", "FloorToInt(Mul(Float('0.5', precision=53), Symbol('s0'))) | 6",
        "Pow(Symbol('s77'), Integer(3)) | 216", "PowByNatural(Symbol('s77'), Integer(2)) | 36",
        "Mul(Pow(Integer(2), Integer(-1)), Add(Symbol('s77'), Symbol('s77'))) | 6",
        "Where(Eq(Symbol('s77'), Integer(6)), Integer(1), Integer(2)) | 1",
        "Where(And(Lt(s0, 14), Not(Ge(s77, 7)), Or(Ne(s0, 13), Le(s0, 13))), 1, 2) | 1"})
    void parsesBothLanguages(String text, long expected) {
        assertThat(parse(text).evaluate(VALUES::get)).isEqualTo(expected);
    }

    @Test
    void givesTheSameNormalFormForBothLanguages() {
        assertThat(parse("Add(Mul(Integer(2), Symbol('s0')), Integer(1))")).isEqualTo(parse("2*s0 + 1"));
        assertThat(parse("(4*s0 + 2)/2")).isEqualTo(parse("2*s0 + 1"));
    }

    /** A number that a double cannot hold. */
    @Test
    void staysExact() {
        assertThat(parse("9007199254740993*s0").evaluate(VALUES::get)).isEqualTo(9007199254740993L * 13);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s0 +", "(s0", "s0)", "f(", "s0 s0", "Symbol(", "#", "Add()", "Eq(s0, 1)", "s0/0",
        "1/0*s0",
        "'s0'", "Mod(s0, 0)", "FloorDiv(s0)", "99999999999999999999", "s0 == 1 == 1", "((((", "s0**s77"})
    void refusesWhatIsNoSize(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageStartingWith("size '" + text + "': ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"u0", "s0/2", "log(s0)", "IntTrueDiv(s0, 2)"})
    void namesWhatIsNotSupported(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageStartingWith("size '" + text + "': ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "-", "Add("})
    void refusesDeepNesting(String opening) {
        assertThatThrownBy(() -> parse(opening.repeat(3000) + "s0")).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("nested too deeply");
    }

    @Test
    void refusesPolynomialsThatExplode() {
        assertThatThrownBy(() -> parse("((s0 + s77 + 1)**16)**16")).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("too many terms");
    }
}
