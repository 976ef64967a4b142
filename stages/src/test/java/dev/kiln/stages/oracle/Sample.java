package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.stages.oracle.OracleCase.Operand;
import dev.kiln.stages.oracle.SampleValues.Range;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * A call before its values are drawn.
 *
 * @param text its arguments, as {@link SampleText} reads them
 * @param dtypes what {@code T} stands for; the arguments with tensors take them in turn
 * @param extreme whether integers may be the largest and the least of their dtype wherever the op can take that
 * @param seed of the values
 */
record Sample(OpOverload op, String text, List<DType> dtypes, boolean extreme, long seed) {
    /** Of products with infinite parts libtorch computes some as if a real number had an imaginary part. */
    private static final Pattern COMPLEX = Pattern.compile("\\bz[ts]?\\[");

    OracleCase draw() {
        return draw(range -> range);
    }

    /** @param ranges what to take instead of the values that the op's table asks for */
    OracleCase draw(UnaryOperator<Range> ranges) {
        Random random = new Random(seed);
        List<Arg> args = new ArrayList<>();
        Map<Arg.Ref, Operand> operands = new LinkedHashMap<>();
        new SampleText(text, dtypes.getFirst(), Range.FINITE, random).args();
        int tensor = 0;
        List<String> parts = split(text);
        for (int i = 0; i < parts.size(); i++) {
            DType dtype = dtypes.get(Math.min(tensor, dtypes.size() - 1));
            SampleText part = new SampleText(parts.get(i), dtype, ranges.apply(range(i)), random);
            int offset = operands.size();
            Arg arg = part.args().getFirst().mapReferences(r -> shifted(r, offset));
            part.operands().forEach((r, o) -> operands.put(shifted(r, offset), o));
            tensor += arg.references().isEmpty() ? 0 : 1;
            args.add(arg);
        }
        return new OracleCase(this, op.schema().complete(args), operands);
    }

    private Range range(int position) {
        if (COMPLEX.matcher(text).find()) {
            return Range.FINITE;
        }
        Range range = SampleTable.range(op, position);
        return extreme && range == Range.MODERATE && SampleTable.takesExtremes(op) ? Range.WIDE : range;
    }

    private static Arg.Ref shifted(Arg.Ref ref, int offset) {
        return Arg.ref("t" + (Integer.parseInt(ref.node().substring(1)) + offset));
    }

    /** At commas outside brackets and quotes. */
    static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        boolean quoted = false;
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : ',';
            quoted ^= c == '"';
            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (c == ',' && depth == 0 && !quoted) {
                parts.add(text.substring(start, i).strip());
                start = i + 1;
            }
        }
        return parts;
    }

    Sample withText(String other) {
        return new Sample(op, other, dtypes, extreme, seed);
    }
}
