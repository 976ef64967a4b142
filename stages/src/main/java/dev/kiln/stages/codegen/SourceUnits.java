package dev.kiln.stages.codegen;

import dev.kiln.kernels.elementary.Elementary;
import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Puts the chosen variants of a graph's kernels into C units of about equal size, and the entry into one more. */
public final class SourceUnits {
    private static final String SUPPORT = resource("support.h");

    private SourceUnits() {
    }

    /** What every generated unit begins with. */
    public static String prelude() {
        return RuntimeHeader.text() + Elementary.header() + SUPPORT;
    }

    /** @param externs library functions of the graph, in order */
    public static List<CompileUnit> of(GeneratedCode code, Map<String, Kernel.Variant> chosen,
            List<EntryWriter.ConstantUse> constants, List<String> externs, int units) {
        List<StringBuilder> texts = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            texts.add(new StringBuilder());
        }
        List<Kernel> bySize = new ArrayList<>(code.kernels());
        bySize.sort(Comparator.comparing((Kernel k) -> -chosen.get(k.name()).source().length()));
        for (Kernel kernel : bySize) {
            StringBuilder smallest = texts.stream().min(Comparator.comparing(StringBuilder::length)).orElseThrow();
            smallest.append('\n').append(kernel.comment()).append(linked(chosen.get(kernel.name()), externs));
        }
        List<CompileUnit> result = new ArrayList<>();
        texts.stream().filter(t -> !t.isEmpty())
            .forEach(t -> result.add(new CompileUnit("kernels" + result.size(), prelude() + t)));
        result.add(new CompileUnit("entry", prelude() + EntryWriter.write(code, constants)));
        return result;
    }

    /** The variant's source with its library functions bound to places in the graph's table. */
    public static String linked(Kernel.Variant variant, List<String> externs) {
        String source = variant.source();
        for (int i = 0; i < variant.externs().size(); i++) {
            source = source.replace("KILN_EXTERN_" + i, Integer.toString(externs.indexOf(variant.externs().get(i))));
        }
        return source;
    }

    private static String resource(String name) {
        try (InputStream in = SourceUnits.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
