package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.pt2.schema.ProgramGraph;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The values of one graph by name, as far as they are defined; weights are looked up when first asked for. It knows
 * which names share memory, so that an operator that changes one in place does not leave an old value behind.
 */
final class Scope {
    /** One tensor (or size): all names that stand for it see a change; views of its memory are stale after one. */
    private static final class Cell {
        private Bound value;
        private Supplier<Arg.Ref> pending;
        private String changedBy;
        private final List<Cell> memory;

        Cell(Bound value, Supplier<Arg.Ref> pending, List<Cell> memory) {
            this.value = value;
            this.pending = pending;
            this.memory = memory;
            memory.add(this);
        }
    }

    private final ProgramGraph graph;
    private final Map<String, Cell> cells = new HashMap<>();
    private final Map<String, Cell> inputs = new LinkedHashMap<>();
    private final List<Cell> changed = new ArrayList<>();

    Scope(ProgramGraph graph) {
        this.graph = graph;
    }

    ProgramGraph graph() {
        return graph;
    }

    /** @throws KilnException.BadInput if the name is taken */
    void define(String name, Bound value) {
        put(name, new Cell(value, null, new ArrayList<>()));
    }

    /** A weight, which callers cannot change. */
    void defineLater(String name, Supplier<Arg.Ref> value) {
        Cell cell = new Cell(null, value, new ArrayList<>());
        put(name, cell);
        inputs.put(name, cell);
    }

    void defineInput(String name, Arg.Ref value) {
        define(name, new Bound.Plain(value));
        inputs.put(name, cells.get(name));
    }

    /** A value that may share memory with another. */
    void defineView(String name, Bound value, String base) {
        put(name, new Cell(value, null, cell(base).memory));
    }

    /** Another name for what a scope calls {@code other}. */
    void defineSame(String name, Scope scope, String other) {
        put(name, scope.cell(other));
    }

    private void put(String name, Cell cell) {
        if (cells.putIfAbsent(name, cell) != null) {
            throw new KilnException.BadInput("value '" + name + "' is defined twice");
        }
    }

    private Cell cell(String name) {
        Cell cell = cells.get(name);
        if (cell == null) {
            throw new KilnException.BadInput("it reads '" + name + "', which nothing before it defines");
        }
        return cell;
    }

    /** Gives a tensor the value that an operator left in its place. */
    void change(String name, Arg.Ref value) {
        Cell cell = cell(name);
        cell.memory.stream().filter(c -> c != cell).forEach(c -> c.changedBy = name);
        cell.value = new Bound.Plain(value);
        cell.pending = null;
        changed.add(cell);
    }

    /** The inputs that operators have changed. */
    List<String> changedInputs() {
        return inputs.keySet().stream().filter(name -> changed.contains(inputs.get(name))).toList();
    }

    Bound get(String name) {
        Cell cell = cell(name);
        if (cell.changedBy != null) {
            throw new KilnException.Unsupported("it reads '" + name + "', whose memory was changed in place through '"
                + cell.changedBy + "'; run_decompositions() before saving makes the graph functional");
        }
        if (cell.pending != null) {
            cell.value = new Bound.Plain(cell.pending.get());
            cell.pending = null;
        }
        if (cell.value instanceof Bound.Missing(String operator)) {
            throw new KilnException.Unsupported("it reads '" + name + "', a result of " + operator
                + " that is not supported");
        }
        return cell.value;
    }

    Arg.Ref tensor(String name) {
        if (get(name) instanceof Bound.Plain(Arg.Ref ref)) {
            return ref;
        }
        throw new KilnException.BadInput("it reads '" + name + "' as a tensor, which it is not");
    }
}
