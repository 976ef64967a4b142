package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.pt2.schema.ProgramGraph;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The values of one graph by name, as far as they are defined; weights are looked up when first asked for. It knows
 * which names share memory: what an operator changes in place is written back to the tensor that the memory belongs
 * to, and views of it are taken anew when they are next read.
 */
final class Scope {
    /** A tensor's memory: how often it was changed so far, and last through which name. */
    private static final class Memory {
        private int version;
        private String changedBy = "";
    }

    /** One tensor (or size): all names that stand for it see a change. */
    private static final class Cell {
        private Bound value;
        private Supplier<Arg.Ref> pending;
        private final Memory memory;
        private final Cell base;
        private final View view;
        private int version;

        Cell(Bound value, Memory memory, Cell base, View view) {
            this.value = value;
            this.memory = memory;
            this.base = base;
            this.view = view;
            version = memory.version;
        }
    }

    private final ProgramGraph graph;
    private final Map<String, Cell> cells = new HashMap<>();
    private final Map<String, Cell> inputs = new LinkedHashMap<>();
    private final Set<Memory> changed = new HashSet<>();

    Scope(ProgramGraph graph) {
        this.graph = graph;
    }

    ProgramGraph graph() {
        return graph;
    }

    /** @throws KilnException.BadInput if the name is taken */
    void define(String name, Bound value) {
        put(name, new Cell(value, new Memory(), null, null));
    }

    /** A weight, which callers cannot change. */
    void defineLater(String name, Supplier<Arg.Ref> value) {
        Cell cell = new Cell(null, new Memory(), null, null);
        cell.pending = value;
        put(name, cell);
        inputs.put(name, cell);
    }

    void defineInput(String name, Arg.Ref value) {
        define(name, new Bound.Plain(value));
        inputs.put(name, cells.get(name));
    }

    /** A value that shares, or may share, memory with another. */
    void defineView(String name, Bound value, String base, View view) {
        put(name, new Cell(value, cell(base).memory, cell(base), view));
    }

    /** From now on a name stands for what another does (an operator has changed the tensor's shape in place). */
    void redefine(String name, String other) {
        cells.put(name, cell(other));
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

    /** Gives a tensor the value that an operator left in its place, and with it whatever lies in the same memory. */
    void change(String name, Arg.Ref value) {
        Cell cell = cell(name);
        List<Arg.Ref> wholes = wholes(cell);
        cell.memory.version++;
        cell.memory.changedBy = name;
        changed.add(cell.memory);
        set(cell, value);
        Optional<Arg.Ref> part = Optional.of(value);
        for (Arg.Ref whole : wholes) {
            part = cell.view.write(whole, part.orElseThrow());
            if (part.isEmpty()) {
                return;
            }
            cell = cell.base;
            set(cell, part.get());
        }
    }

    /** What the tensors that a view is part of hold now, from the inside out, as far as that is known. */
    private static List<Arg.Ref> wholes(Cell cell) {
        List<Arg.Ref> wholes = new ArrayList<>();
        for (Cell base = cell.base; base != null && isCurrent(base); base = base.base) {
            if (!(value(base) instanceof Bound.Plain(Arg.Ref whole))) {
                break;
            }
            wholes.add(whole);
        }
        return wholes;
    }

    private static void set(Cell cell, Arg.Ref value) {
        cell.value = new Bound.Plain(value);
        cell.pending = null;
        cell.version = cell.memory.version;
    }

    /** Whether the value is known in spite of all changes so far. */
    private static boolean isCurrent(Cell cell) {
        return cell.version == cell.memory.version
            || cell.base != null && cell.view.canBeTaken() && isCurrent(cell.base);
    }

    private static Bound value(Cell cell) {
        if (cell.pending != null) {
            cell.value = new Bound.Plain(cell.pending.get());
            cell.pending = null;
        }
        if (cell.version != cell.memory.version) {
            value(cell.base);
            set(cell, cell.view.take());
        }
        return cell.value;
    }

    /** Whether an operator of this graph has changed a tensor that it did not make. */
    boolean changesInputs() {
        return GraphTranslator.names(graph.inputs()).stream().anyMatch(name -> changed.contains(cell(name).memory));
    }

    /** The inputs that operators have changed. */
    List<String> changedInputs() {
        return inputs.keySet().stream().filter(name -> changed.contains(inputs.get(name).memory)).toList();
    }

    Bound get(String name) {
        Cell cell = cell(name);
        if (!isCurrent(cell)) {
            throw new KilnException.Unsupported("it reads '" + name + "', whose memory was changed in place through '"
                + cell.memory.changedBy + "'; run_decompositions() before saving makes the graph functional");
        }
        Bound value = value(cell);
        if (value instanceof Bound.Missing(String operator)) {
            throw new KilnException.Unsupported("it reads '" + name + "', a result of " + operator
                + " that is not supported");
        }
        return value;
    }

    Arg.Ref tensor(String name) {
        if (get(name) instanceof Bound.Plain(Arg.Ref ref)) {
            return ref;
        }
        throw new KilnException.BadInput("it reads '" + name + "' as a tensor, which it is not");
    }
}
