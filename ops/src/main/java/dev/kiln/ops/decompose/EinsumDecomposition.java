package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Einstein sums, operand by operand: what only one operand has and nobody needs is summed, then the two are
 * multiplied as (batches of) matrices. Labels are letters; dimensions under an ellipsis get labels of their own. A
 * dimension of size 1 fits a label of any size.
 */
final class EinsumDecomposition {
    /** A tensor with one label a dimension. */
    private record Term(Arg.Ref tensor, List<Character> labels) {
    }

    private final Emit e;
    private final OpArgs a;
    private final Map<Character, SymInt> sizes = new HashMap<>();

    private EinsumDecomposition(Emit e, OpArgs a) {
        this.e = e;
        this.a = a;
    }

    static void define(Definitions d) {
        d.op("einsum.default(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor",
            (e, a) -> new EinsumDecomposition(e, a).sum());
        d.op("tensordot.default(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor",
            EinsumDecomposition::tensordot);
    }

    private Arg.Ref sum() {
        String equation = a.string(0).replace(" ", "");
        List<Arg.Ref> tensors = ((Arg.Refs) a.arg(1)).refs();
        String[] sides = equation.split("->", -1);
        String[] operands = sides[0].split(",", -1);
        if (operands.length != tensors.size() || sides.length > 2) {
            throw a.error("equation '" + equation + "' does not fit " + tensors.size() + " inputs");
        }
        List<Term> given = IntStream.range(0, operands.length).mapToObj(i -> term(operands[i], tensors.get(i))).toList();
        List<Character> result = sides.length == 2 ? resultLabels(sides[1]) : implicitResult(given);
        List<Term> terms = given.stream().map(t -> diagonal(withoutUnits(t))).toList();
        Term term = terms.getFirst();
        for (int i = 1; i < terms.size(); i++) {
            List<Character> later = new ArrayList<>(result);
            terms.subList(i + 1, terms.size()).forEach(t -> later.addAll(t.labels));
            term = multiply(term, terms.get(i), later);
        }
        return arrange(sumExcept(term, result), result);
    }

    private Term term(String operand, Arg.Ref tensor) {
        int rank = e.rank(tensor);
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
            throw a.error("operand '" + operand + "' has " + labels.size() + " labels for rank " + rank);
        }
        for (int d = 0; d < rank; d++) {
            SymInt size = e.tensor(tensor).size(d);
            SymInt known = sizes.get(labels.get(d));
            if (known == null || known.is(1)) {
                sizes.put(labels.get(d), size);
            } else if (!size.is(1)) {
                a.shapes().require(known, size, a.schema().name() + ", label '" + labels.get(d) + "'");
            }
        }
        return new Term(tensor, labels);
    }

    /** Dimensions of size 1 under labels of other sizes add nothing. */
    private Term withoutUnits(Term term) {
        for (int d = 0; d < term.labels.size(); d++) {
            if (e.tensor(term.tensor).size(d).is(1) && !sizes.get(term.labels.get(d)).is(1)) {
                List<Character> rest = new ArrayList<>(term.labels);
                rest.remove(d);
                return withoutUnits(new Term(e.call("squeeze.dim", term.tensor, d), rest));
            }
        }
        return term;
    }

    /** A label that stands twice: only where both dimensions have the same index. */
    private Term diagonal(Term term) {
        List<Character> labels = term.labels;
        for (int d = 1; d < labels.size(); d++) {
            int first = labels.indexOf(labels.get(d));
            if (first < d) {
                int rank = labels.size();
                Arg.Ref same = e.call("eq.Tensor", e.positions(e.tensor(term.tensor).size(first), first, rank),
                    e.positions(e.tensor(term.tensor).size(d), d, rank));
                Arg.Ref kept = e.where(same, term.tensor, e.number(0, e.dtype(term.tensor)));
                List<Character> rest = new ArrayList<>(labels);
                rest.remove(d);
                return diagonal(new Term(e.call("sum.dim_IntList", kept, Arg.ints(d), false, e.dtype(kept)), rest));
            }
        }
        return term;
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
        Term x = sumExcept(left, join(both, later));
        Term y = sumExcept(right, join(both, later));
        List<Character> rows = x.labels.stream().filter(l -> !both.contains(l)).toList();
        List<Character> columns = y.labels.stream().filter(l -> !both.contains(l)).toList();
        List<Character> labels = join(batch, rows, columns);
        if (inner.isEmpty()) {
            return new Term(e.mul(spread(x, labels), spread(y, labels)), labels);
        }
        List<SymInt> lead = batch.isEmpty() ? List.of() : List.of(count(batch));
        Arg.Ref product = e.call(batch.isEmpty() ? "mm.default" : "bmm.default",
            matrix(x, join(batch, rows, inner), lead, count(rows), count(inner)),
            matrix(y, join(batch, inner, columns), lead, count(inner), count(columns)));
        return new Term(e.view(product, labels.stream().map(sizes::get).toList()), labels);
    }

    /** The term over the labels in their order, with size 1 where it has none. */
    private Arg.Ref spread(Term term, List<Character> labels) {
        Arg.Ref arranged = arrange(term, labels.stream().filter(term.labels::contains).toList());
        return e.view(arranged, labels.stream().map(l -> term.labels.contains(l) ? sizes.get(l) : SymInt.ONE).toList());
    }

    private Arg.Ref matrix(Term term, List<Character> order, List<SymInt> lead, SymInt rows, SymInt columns) {
        List<SymInt> shape = new ArrayList<>(lead);
        shape.addAll(List.of(rows, columns));
        return e.call("reshape.default", arrange(term, order), new Arg.Ints(shape));
    }

    private Term sumExcept(Term term, List<Character> kept) {
        List<Integer> dims = IntStream.range(0, term.labels.size()).filter(d -> !kept.contains(term.labels.get(d)))
            .boxed().toList();
        return dims.isEmpty() ? term
            : new Term(sum(term.tensor, dims), term.labels.stream().filter(kept::contains).toList());
    }

    /** Integers are summed in i64, as in PyTorch, unless products are to be made of the sums. */
    private Arg.Ref sum(Arg.Ref tensor, List<Integer> dims) {
        boolean alone = ((Arg.Refs) a.arg(1)).refs().size() == 1;
        return e.call("sum.dim_IntList", tensor, dims, false, alone ? null : e.dtype(tensor));
    }

    /** The tensor with its dimensions in the order of the labels. */
    private Arg.Ref arrange(Term term, List<Character> labels) {
        List<Integer> order = labels.stream().map(term.labels::indexOf).toList();
        if (order.size() != term.labels.size() || order.contains(-1)) {
            throw a.error("the result has a label that no input has, or one twice");
        }
        return e.permute(term.tensor, order);
    }

    private SymInt count(List<Character> labels) {
        return SymInt.product(labels.stream().map(sizes::get).toList());
    }

    @SafeVarargs
    private static List<Character> join(List<Character>... parts) {
        return Arrays.stream(parts).flatMap(List::stream).toList();
    }

    private static Arg.Ref tensordot(Emit e, OpArgs a) {
        int n = a.tensor(0).rank();
        int m = a.tensor(1).rank();
        List<Integer> left = Arrays.stream(a.integers(2)).map(d -> a.wrapDim(d, n)).boxed().toList();
        List<Integer> right = Arrays.stream(a.integers(3)).map(d -> a.wrapDim(d, m)).boxed().toList();
        if (left.size() != right.size()) {
            throw a.error(left.size() + " dimensions of self for " + right.size() + " of other");
        }
        char[] labels = new char[n + m];
        IntStream.range(0, n + m).forEach(i -> labels[i] = (char) ('a' + i));
        for (int i = 0; i < left.size(); i++) {
            labels[n + right.get(i)] = labels[left.get(i)];
        }
        String own = new String(labels, 0, n);
        String other = new String(labels, n, m);
        String result = (own + other).chars().filter(c -> own.indexOf(c) < 0 || other.indexOf(c) < 0)
            .mapToObj(c -> String.valueOf((char) c)).collect(Collectors.joining());
        return e.call("einsum.default", own + "," + other + "->" + result,
            List.of(Emit.ref(a, 0), Emit.ref(a, 1)));
    }
}
