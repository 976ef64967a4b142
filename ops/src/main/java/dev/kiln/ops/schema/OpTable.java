package dev.kiln.ops.schema;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.AtenOps;
import dev.kiln.ops.scalar.ScalarFormula;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** All operators that Kiln knows, by full overload name. */
public final class OpTable {
    private static final Map<String, OpOverload> OPS = load();

    private OpTable() {
    }

    private static Map<String, OpOverload> load() {
        Registry registry = new Registry();
        AtenOps.register(registry);
        return Collections.unmodifiableMap(registry.ops);
    }

    public static OpOverload get(String name) {
        return find(name).orElseThrow(() -> new KilnException.Unsupported("operator " + name + " is not supported"));
    }

    public static Optional<OpOverload> find(String name) {
        return Optional.ofNullable(OPS.get(name));
    }

    /** All operators of PyTorch's; Kiln's own are found by name only. */
    public static Collection<OpOverload> all() {
        return OPS.values().stream().filter(op -> op.name().startsWith("aten.")).toList();
    }

    /** Where op families put their definitions. */
    public static final class Registry {
        private final Map<String, OpOverload> ops = new TreeMap<>();

        private Registry() {
        }

        public void op(String schema, OpKind kind, ShapeFunction shape) {
            add(new OpOverload(OpSchema.parse("aten." + schema), kind, shape, Optional.empty()));
        }

        /** An op of Kiln's own, which no exporter writes. */
        public void internal(String schema, OpKind kind, ShapeFunction shape) {
            add(new OpOverload(OpSchema.parse("kiln." + schema), kind, shape, Optional.empty()));
        }

        /** An elementwise op of Kiln's own. */
        public void internalElementwise(String schema, ShapeFunction shape, ScalarFormula formula) {
            add(new OpOverload(OpSchema.parse("kiln." + schema), OpKind.ELEMENTWISE, shape, Optional.of(formula)));
        }

        public void elementwise(String schema, ShapeFunction shape, ScalarFormula formula) {
            add(new OpOverload(OpSchema.parse("aten." + schema), OpKind.ELEMENTWISE, shape, Optional.of(formula)));
        }

        private void add(OpOverload op) {
            if (ops.put(op.name(), op) != null) {
                throw new IllegalStateException(op.name() + " is defined twice");
            }
        }
    }
}
