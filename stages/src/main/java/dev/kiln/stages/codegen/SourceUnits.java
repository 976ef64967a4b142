package dev.kiln.stages.codegen;

import dev.kiln.kernels.elementary.Elementary;
import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.SharedCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Puts the chosen variants of a graph's kernels into C units of about equal size, and the entry into one more. */
public final class SourceUnits {
    private static final String SUPPORT = resource("support.h");
    /** Characters of a unit: starting the compiler and reading the common text cost as much as 30,000. */
    private static final int UNIT_LENGTH = 200_000;
    /** From which on two units are worth while. */
    private static final int WORTH_SPLITTING = 50_000;
    /** Stands in blocks whose multiplications and additions must not be fused. */
    static final String CONTRACT_OFF = "#pragma clang fp contract(off)";

    private SourceUnits() {
    }

    /** What every generated unit begins with. */
    public static String prelude() {
        return RuntimeHeader.text() + Elementary.header() + SUPPORT;
    }

    /**
     * The units of a graph: of the kernels that have one variant only, of the others with all variants (autotuning has
     * compiled these already, and the linker drops what is not called), of the code that they share, and of the entry.
     *
     * @param externs library functions of the graph, in order
     */
    static List<CompileUnit> of(GeneratedCode code, Map<String, Kernel.Variant> chosen, List<String> externs) {
        List<CompileUnit> result = new ArrayList<>(shared(code));
        result.addAll(candidates(code));
        result.addAll(balanced("library", chosen.values().stream().filter(v -> !v.externs().isEmpty())
            .map(v -> linked(v, externs)).sorted().toList()));
        result.addAll(parts(chosen.values()));
        result.add(entry(code));
        return result;
    }

    /** The unit of the graph's exported functions. */
    public static CompileUnit entry(GeneratedCode code) {
        return new CompileUnit("entry", prelude() + EntryWriter.write(code, NativeBuild.constantUses(code)), List.of("-O1"));
    }

    /** Units of the kernels that have one variant only. */
    public static List<CompileUnit> shared(GeneratedCode code) {
        return balanced("kernels", code.kernels().stream().filter(k -> k.variants().size() == 1)
            .filter(k -> k.variants().getFirst().externs().isEmpty())
            .map(k -> k.comment() + k.variants().getFirst().source()).toList());
    }

    /** Units of the kernels that have several variants: all of Kiln's own, whichever is chosen. */
    public static List<CompileUnit> candidates(GeneratedCode code) {
        return balanced("candidates", code.kernels().stream().filter(k -> k.variants().size() > 1)
            .flatMap(k -> k.variants().stream().filter(v -> v.externs().isEmpty()).map(v -> k.comment() + v.source()))
            .toList());
    }

    /** A few units of about equal size, at least two if there is enough to do, to be compiled side by side. */
    public static List<CompileUnit> balanced(String name, List<String> kernels) {
        int length = kernels.stream().mapToInt(String::length).sum();
        List<StringBuilder> texts = new ArrayList<>();
        for (int i = 0; i < Math.max(length < WORTH_SPLITTING ? 1 : 2, Math.ceilDiv(length, UNIT_LENGTH)); i++) {
            texts.add(new StringBuilder());
        }
        kernels.stream().sorted(Comparator.comparing((String text) -> -text.length())).forEach(text ->
            texts.stream().min(Comparator.comparing(StringBuilder::length)).orElseThrow().append('\n').append(text));
        List<CompileUnit> units = new ArrayList<>();
        texts.stream().filter(t -> !t.isEmpty())
            .forEach(t -> units.add(new CompileUnit(name + units.size(), prelude() + t, sections(t.toString()))));
        return units;
    }

    /** With a section a function, so that the linker can drop some. */
    private static List<String> sections(String text) {
        List<String> flags = new ArrayList<>(flags(text));
        flags.add("-ffunction-sections");
        return flags;
    }

    /** The units of the code that variants share, each once. */
    public static List<CompileUnit> parts(Collection<Kernel.Variant> variants) {
        return variants.stream().flatMap(v -> v.parts().stream()).distinct().map(SharedCode::unit)
            .sorted(Comparator.comparing(CompileUnit::name)).toList();
    }

    /** A unit's own text: without what every unit begins with. */
    static String body(CompileUnit unit) {
        String common = unit.cSource().startsWith(prelude()) ? prelude() : RuntimeHeader.text();
        return unit.cSource().substring(common.length());
    }

    /** What the compiler must be told about a text: otherwise it fuses whatever pragmas say. */
    public static List<String> flags(String text) {
        return text.contains(CONTRACT_OFF) ? List.of("-ffp-contract=fast-honor-pragmas") : List.of();
    }

    /** The variant's source with its library functions bound to places in the graph's table. */
    public static String linked(Kernel.Variant variant, List<String> externs) {
        String source = variant.source();
        for (int i = 0; i < variant.externs().size(); i++) {
            source = source.replace("KILN_EXTERN_" + i, Integer.toString(externs.indexOf(variant.externs().get(i))));
        }
        return source;
    }

    /** A text that lies beside this class. */
    static String resource(String name) {
        try (InputStream in = SourceUnits.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
