package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema.Parameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Seeded cases of an op: for elementwise ones made from the schema, for all from the {@link SampleTable}. */
final class Samples {
    private static final List<DType> DTYPES =
        List.of(DType.F32, DType.F64, DType.I32, DType.I64, DType.BOOL, DType.U8,
            DType.BF16, DType.F16);

    /** Operand dtypes of mixed calls. */
    private static final List<List<DType>> MIXED =
        List.of(List.of(DType.F32, DType.I64), List.of(DType.I32, DType.F64),
        List.of(DType.U8, DType.I8), List.of(DType.BOOL, DType.F32), List.of(DType.I16, DType.I64));

    /**
     * Operand sizes of elementwise calls: whole vectors and tails, broadcasting, nothing, a single element.
     */
    private static final List<List<String>> SHAPES = List.of(
        List.of("T[3,4]", "T[3,4]", "T[3,4]"), List.of("T[37]", "T[1]", "T[37]"),
            List.of("T[]", "T[2,3]", "T[3]"),
        List.of("T[2,3]", "T[]", "T[2,3]"), List.of("T[3,1]", "T[1,4]", "T[4]"),
            List.of("T[0,4]", "T[1,4]", "T[4]"),
        List.of("Tt[4,5]", "T[4,5]", "Tt[4,5]"), List.of("Ts[3,6]", "Tt[3,6]", "T[]"),
            List.of("T[2,1,3]", "Ts[5,1]", "T[1]"));

    private Samples() {
    }

    static List<OracleCase> of(OpOverload op, long seed) {
        Maker maker = new Maker(op, seed, new ArrayList<>());
        if (op.kind() == OpKind.ELEMENTWISE) {
            maker.elementwise();
        }
        for (String text : SampleTable.of(op.name())) {
            DTYPES.stream().filter(dtype -> SampleTable.takes(op, dtype))
                .forEach(dtype -> maker.add(text, List.of(dtype)));
        }
        return maker.cases;
    }

    /** At most {@code limit} of the cases, drawn with the op's own seed: texts and dtypes not drawn yet come first. */
    static List<OracleCase> spread(List<OracleCase> cases, int limit) {
        if (cases.size() <= limit) {
            return cases;
        }
        Random random = new Random(cases.getFirst().seed());
        List<OracleCase> shuffled = new ArrayList<>(cases);
        Collections.shuffle(shuffled, random);
        List<OracleCase> drawn = new ArrayList<>();
        Set<Object> seen = new HashSet<>();
        while (drawn.size() < limit) {
            OracleCase next = Collections.max(shuffled, Comparator.comparingLong(c -> kinds(c).stream()
                .filter(k -> !seen.contains(k)).count()));
            shuffled.remove(next);
            seen.addAll(kinds(next));
            drawn.add(next);
        }
        return drawn;
    }

    private static List<Object> kinds(OracleCase sample) {
        return List.of(sample.sample().text(), sample.sample().dtypes());
    }

    private record Maker(OpOverload op, long seed, List<OracleCase> cases) {

        void elementwise() {
            for (List<String> shapes : SHAPES) {
                DTYPES.stream().filter(dtype -> SampleTable.takes(op, dtype))
                    .forEach(dtype -> elementwise(shapes, List.of(dtype)));
                if (tensors() > 1) {
                    MIXED.forEach(dtypes -> elementwise(shapes, dtypes));
                }
            }
        }

        private long tensors() {
            return op.schema().parameters().stream().filter(p -> p.type().startsWith("Tensor")).count();
        }

        private void elementwise(List<String> shapes, List<DType> dtypes) {
            StringBuilder text = new StringBuilder();
            int tensor = 0;
            for (Parameter p : op.schema().parameters()) {
                boolean operand = p.type().startsWith("Tensor");
                if (!operand && p.defaultValue().isPresent()) {
                    break;
                }
                boolean mask = p.name().equals("condition") || p.name().equals("mask");
                boolean single = op.name().equals("aten.masked_fill.Tensor") && p.name().equals("value");
                text.append(text.isEmpty() ? "" : ", ").append(single ? "T[]" : mask
                    ? shapes.get(tensor++).replaceFirst("T", "b")
                    : operand ? shapes.get(tensor++) : SampleTable.number(op, p.name(), dtypes.getFirst(),
                        cases.size()));
            }
            add(text.toString(), dtypes);
        }

        /** One case; tensors take the dtypes in turn. */
        void add(String text, List<DType> dtypes) {
            long own = seed * 1_000_003 + op.name().hashCode() * 31L + cases.size();
            cases.add(new Sample(op, text, dtypes, false, own).draw());
        }
    }
}
