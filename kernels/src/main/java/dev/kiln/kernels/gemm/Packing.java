package dev.kiln.kernels.gemm;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The C that packs a matrix at run time into panels, {@code [panels][elements along k][width]}: of columns of B, or of rows
 * of A, which then are the columns that are spoken of.
 *
 * @param name   prefix of every C name
 * @param micro  register block, which gives the element type and the vectors
 * @param stored the matrix's numbers
 * @param width  columns of a panel
 */
public record Packing(String name, MicroGemm micro, Stored stored, int width) {
    private static final SourceTemplate PACK = SourceTemplate.of(Packing.class, "pack.c.in");
    private static final SourceTemplate RIGHT = SourceTemplate.of(Packing.class, "right.c.in");
    /** Panels and elements along k of a unit of work: some hundred kilobytes, read in long runs. */
    private static final int PANELS_ALONG = 16;
    private static final int DEPTH_ALONG = 64;
    private static final int DEPTH_ACROSS = 512;

    /** What lies side by side in memory, and how it is packed. */
    enum Form {
        /** Numbers along the panels: {@code NAME_along} copies rows. */
        ALONG,
        /** Numbers along k: {@code NAME_across} transposes squares, by {@code NAME_transpose}. */
        ACROSS
    }

    /** The functions of some forms. */
    String render(Form... forms) {
        Map<String, Object> holes = holes();
        for (Form form : Form.values()) {
            holes.put(form.name(), List.of(forms).contains(form) ? 1 : 0);
        }
        return PACK.fill(holes);
    }

    /** {@code NAME_across}, which packs rows of numbers into panels of the register block's columns, transposed. */
    public static String across(String name, MicroGemm micro, Stored stored) {
        return new Packing(name, micro, stored, micro.nr()).render(Form.ACROSS);
    }

    /** {@code NAME_right} of a product. */
    static String right(GemmSpec spec, GemmSpec.Tensor tensor) {
        Packing packing = new Packing(spec.name() + "_right", spec.micro(), tensor.stored(), spec.micro().nr());
        boolean along = tensor.order() == PackedWeight.Order.KN;
        int panels = along ? PANELS_ALONG : 1;
        Map<String, Object> holes = packing.holes();
        holes.put("GEMM", spec.name());
        holes.put("FORM", along ? "along" : "across");
        holes.put("COLUMN_STEP", along ? "1" : "g->ldb");
        holes.put("UNIT_PANELS", panels);
        holes.put("UNIT_DEPTH", along ? DEPTH_ALONG : DEPTH_ACROSS);
        holes.put("KU", spec.elements());
        holes.put("K", spec.k());
        holes.put("N", spec.n());
        return packing.render(along ? Form.ALONG : Form.ACROSS) + RIGHT.fill(holes);
    }

    private Map<String, Object> holes() {
        ElementType type = micro.type();
        int lanes = micro.lanes();
        Map<String, Object> holes = new HashMap<>();
        holes.put("NAME", name);
        holes.put("ELEM", type.c());
        holes.put("NUMBER", GemmTemplate.multiplied(type));
        holes.put("S", stored.c());
        holes.put("FROM", GemmTemplate.conversion(stored, type));
        holes.put("PLAIN", stored.isMultipliedBy(type) ? 1 : 0);
        holes.put("DEPTH", type.depth());
        holes.put("WIDTH", width);
        holes.put("VBYTES", micro.vectorBytes());
        holes.put("LANES", lanes);
        holes.put("ZIP_LOW", zip(lanes, 0));
        holes.put("ZIP_HIGH", zip(lanes, lanes / 2));
        holes.put("LOAD", load(lanes));
        return holes;
    }

    private static String zip(int lanes, int from) {
        return IntStream.range(from, from + lanes / 2).mapToObj(i -> i + ", " + (i + lanes))
            .collect(Collectors.joining(", "));
    }

    /** {@code NAME_LOAD}: a vector of elements from numbers that lie side by side. */
    private String load(int lanes) {
        String narrow = "typedef " + (stored == Stored.F16 ? "_Float16" : stored.c()) + " " + name
            + "_numbers __attribute__((vector_size(" + lanes + " * sizeof(" + stored.c() + ")), aligned(1), may_alias));\n";
        String numbers = "*(const " + name + "_numbers*)(from)";
        String define = "#define " + name + "_LOAD(from) ";
        if (stored.isMultipliedBy(micro.type())) {
            return define + "(*(const " + name + "_vector*)(from))\n";
        }
        return switch (stored) {
            case F16 -> narrow + define + "__builtin_convertvector(" + numbers + ", " + name + "_vector)\n";
            case BF16 -> narrow + "typedef uint32_t " + name + "_wide __attribute__((vector_size(" + micro.vectorBytes()
                + ")));\n" + define + "((" + name + "_vector)(__builtin_convertvector(" + numbers + ", " + name
                + "_wide) << 16))\n";
            default -> throw new IllegalArgumentException(stored + " is not packed as " + micro.type());
        };
    }
}
