package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Einsum, operand by operand: what only one operand has and nobody needs is summed, then the two are
 * multiplied as batches of matrices. Labels are letters; dimensions under an ellipsis get labels of their
 * own.
 */
final class EinsumImports {
    /** A tensor with one label a dimension. */
    private record Term(Arg.Ref tensor, List<Character> labels) {
    }

    private final NodeImport n;
    private final Map<Character, SymInt> sizes = new HashMap<>();

    private EinsumImports(NodeImport n) {
        this.n = n;
    }

    static void register(Registry r) {
        r.tensor("Einsum", n -> new EinsumImports(n).translate());
    }

    private Arg.Ref translate() {
        String equation = n.attributes().string("equation", "").replace(" ", "");
        String[] sides = equation.split("->", -1);
        String[] operands = sides[0].split(",", -1);
        if (operands.length != n.inputs() || sides.length > 2) {
            throw new KilnException.BadInput("equation '" + equation + "' does not fit " + n.inputs()
                + " inputs");
        }
        List<Term> terms = new ArrayList<>();
        for (int i = 0; i < operands.length; i++) {
            terms.add(term(operands[i], n.tensor(i)));
        }
        List<Character> result = sides.length == 2 ? resultLabels(sides[1]) : implicitResult(terms);
        Term term = terms.getFirst();
        for (int i = 1; i < terms.size(); i++) {
            List<Character> later = new ArrayList<>(result);
            terms.subList(i + 1, terms.size()).forEach(t -> later.addAll(t.labels));
            term = multiply(term, terms.get(i), later);
        }
        return arrange(sumExcept(term, result), result);
    }

    private Term term(String operand, Arg.Ref tensor) {
        int rank = n.rank(tensor);
        int letters = operand.replace("...", "").length();
        List<Character> labels = new ArrayList<>();
        for (int i = 0; i < operand.length(); i++) {
            if (operand.startsWith("...", i)) {
                // the ellipsis of each operand is aligned at its right end
                for (int d = rank - letters; d > 0; d--) {
                    labels.add((char) ('0' - d));
                }
                i += 2;
            } else {
                labels.add(operand.charAt(i));
            }
        }
        if (labels.size() != rank) {
            throw new KilnException.BadInput("operand '" + operand + "' has " + labels.size()
                + " labels for rank " + rank);
        }
        for (int d = 0; d < rank; d++) {
            n.shapes().require(sizes.computeIfAbsent(labels.get(d), l -> n.type(tensor)
                .size(labels.indexOf(l))), n.type(tensor).size(d), "label '" + labels.get(d) + "'");
        }
        return diagonal(new Term(tensor, labels));
    }

    /** A label that stands twice: only where both dimensions have the same index. */
    private Term diagonal(Term term) {
        List<Character> labels = term.labels;
        for (int d = 1; d < labels.size(); d++) {
            int first = labels.indexOf(labels.get(d));
            if (first < d) {
                Arg.Ref same = n.call("aten.eq.Tensor", places(term, first), places(term, d));
                Arg.Ref zero = n.call("aten.full.default", List.of(), 0, n.dtype(term.tensor));
                Arg.Ref sum = n.call("aten.sum.dim_IntList", n.call("aten.where.self", same, term.tensor, zero),
                    new long[] {d}, false, n.dtype(term.tensor));
                List<Character> rest = new ArrayList<>(labels);
                rest.remove(d);
                return diagonal(new Term(sum, rest));
            }
        }
        return term;
    }

    private Arg.Ref places(Term term, int dim) {
        SymInt size = n.type(term.tensor).size(dim);
        List<SymInt> shape = new ArrayList<>(ReshapeImports.ones(n.rank(term.tensor)));
        shape.set(dim, size);
        return n.reshape(n.call("aten.arange.start_step", SymInt.ZERO, size, 1, DType.I64), shape);
    }

    private List<Character> resultLabels(String side) {
        List<Character> ellipsis = sizes.keySet().stream().filter(l -> l < '0').sorted().toList();
        List<Character> labels = new ArrayList<>();
        for (int i = 0; i < side.length(); i++) {
            if (side.startsWith("...", i)) {
                labels.addAll(ellipsis);
                i += 2;
            } else {
                labels.add(side.charAt(i));
            }
        }
        return labels;
    }

    /** The labels that occur once, in alphabetical order, after the ellipsis. */
    private static List<Character> implicitResult(List<Term> terms) {
        Map<Character, Long> counts = terms.stream().flatMap(t -> t.labels.stream())
            .collect(Collectors.groupingBy(l -> l, TreeMap::new, Collectors.counting()));
        return counts.keySet().stream().filter(l -> l < '0' || counts.get(l) == 1).toList();
    }

    private Term multiply(Term left, Term right, List<Character> later) {
        List<Character> both = left.labels.stream().filter(right.labels::contains).toList();
        List<Character> batch = both.stream().filter(later::contains).toList();
        List<Character> inner = both.stream().filter(l -> !later.contains(l)).toList();
        Term a = sumExcept(left, join(both, later));
        Term b = sumExcept(right, join(both, later));
        List<Character> rows = a.labels.stream().filter(l -> !both.contains(l)).toList();
        List<Character> columns = b.labels.stream().filter(l -> !both.contains(l)).toList();
        Arg.Ref product = n.call("aten.bmm.default",
            n.reshape(arrange(a, join(batch, rows, inner)), List.of(count(batch), count(rows), count(inner))),
            n.reshape(arrange(b, join(batch, inner, columns)), List.of(count(batch), count(inner),
            count(columns))));
        List<Character> labels = join(batch, rows, columns);
        return new Term(n.reshape(product, labels.stream().map(sizes::get).toList()), labels);
    }

    private Term sumExcept(Term term, List<Character> kept) {
        List<Long> dims = new ArrayList<>();
        for (int d = 0; d < term.labels.size(); d++) {
            if (!kept.contains(term.labels.get(d))) {
                dims.add((long) d);
            }
        }
        List<Character> labels = term.labels.stream().filter(kept::contains).toList();
        return dims.isEmpty() ? term : new Term(n.call("aten.sum.dim_IntList", term.tensor, dims, false,
            n.dtype(term.tensor)), labels);
    }

    /** The tensor with its dimensions in the order of the labels. */
    private Arg.Ref arrange(Term term, List<Character> labels) {
        long[] order = labels.stream().mapToLong(term.labels::indexOf).toArray();
        if (order.length != term.labels.size() || java.util.Arrays.stream(order).anyMatch(d -> d < 0)) {
            throw new KilnException.BadInput("the result has a label that no input has");
        }
        return labels.equals(term.labels) ? term.tensor : n.call("aten.permute.default", term.tensor, order);
    }

    private SymInt count(List<Character> labels) {
        return SymInt.product(labels.stream().map(sizes::get).toList());
    }

    @SafeVarargs
    private static List<Character> join(List<Character>... parts) {
        return java.util.Arrays.stream(parts).flatMap(List::stream).toList();
    }
}
