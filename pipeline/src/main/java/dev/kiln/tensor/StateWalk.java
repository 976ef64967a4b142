package dev.kiln.tensor;

import dev.kiln.nn.Module;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Goes once through all that a function sees; collects where tensors lie, and what must stay as it is. */
final class StateWalk {
    /** Longer arrays of numbers are taken as constant. */
    private static final int MAX_COMPARED = 4096;

    private final List<CapturedState.Place> places = new ArrayList<>();
    private final List<StateCheck> checks = new ArrayList<>();
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private record FieldPlace(String name, Supplier<?> field) implements CapturedState.Place {
        @Override
        public Tensor tensor() {
            return field.get() instanceof Tensor tensor ? tensor : null;
        }
    }

    private record ElementPlace(String name, List<?> list, int index) implements CapturedState.Place {
        @Override
        public Tensor tensor() {
            return index < list.size() && list.get(index) instanceof Tensor tensor ? tensor : null;
        }
    }

    private record EntryPlace(String name, Map<?, ?> map, Object key) implements CapturedState.Place {
        @Override
        public Tensor tensor() {
            return map.get(key) instanceof Tensor tensor ? tensor : null;
        }
    }

    private StateWalk() {
    }

    static StateWalk from(Object function) {
        StateWalk walk = new StateWalk();
        walk.visit("", function);
        return walk;
    }

    List<CapturedState.Place> places() {
        return places;
    }

    List<StateCheck> checks() {
        return checks;
    }

    /** Whether equal objects of its type are the same to a program; atomic numbers are not, they change. */
    static boolean isValue(Object object) {
        boolean number = object instanceof Number && object.getClass().getPackageName().equals("java.lang")
            || object instanceof BigInteger || object instanceof BigDecimal;
        return number || object instanceof Boolean || object instanceof Character || object instanceof String
            || object instanceof Enum<?>;
    }

    private void visit(String name, Object object) {
        if (object == null || isValue(object) || !seen.add(object)) {
            return;
        }
        switch (object) {
            case List<?> list -> elements(name, list);
            case Map<?, ?> map -> entries(name, map);
            case Collection<?> members -> members(name, members);
            case Optional<?> optional -> held(name, () -> optional.orElse(null), false);
            case AtomicReference<?> reference -> held(name, reference::get, true);
            case AtomicBoolean flag -> held(name, flag::get, true);
            case AtomicInteger number -> held(name, number::get, true);
            case AtomicLong number -> held(name, number::get, true);
            case Object array when array.getClass().isArray() -> array(name, array);
            case Object other when isOpaque(other.getClass()) -> { }
            default -> fields(name, object);
        }
    }

    /** Of the JDK's and Kiln's own objects, only modules are state of the user's. */
    private static boolean isOpaque(Class<?> type) {
        String name = type.getName();
        boolean own = name.startsWith("dev.kiln.") && !Module.class.isAssignableFrom(type) && !type.isHidden()
            && (name.startsWith("dev.kiln.tensor.") || name.startsWith("dev.kiln.pipeline."));
        return type.isEnum() || own || name.startsWith("java.") || name.startsWith("jdk.") || name.startsWith("javax.")
            || name.startsWith("sun.") || name.equals("dev.kiln.Kiln") || name.startsWith("dev.kiln.Compiled");
    }

    private void fields(String name, Object object) {
        for (Class<?> type = object.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !isOpaqueType(field)) {
                    field(name, object, field);
                }
            }
        }
    }

    /** Final fields of the JDK's types cannot lead to anything that is looked at. */
    private static boolean isOpaqueType(Field field) {
        return Modifier.isFinal(field.getModifiers()) && field.getType().isPrimitive();
    }

    private void field(String name, Object holder, Field field) {
        FieldAccess access = FieldAccess.of(holder, field);
        held(path(name, field, access.get()), access, !Modifier.isFinal(field.getModifiers()));
    }

    /** What something that holds one object holds: a field, an atomic reference. */
    private void held(String path, Supplier<?> access, boolean changes) {
        Object value = access.get();
        if (value instanceof Tensor) {
            places.add(new FieldPlace(path, access));
            if (changes) {
                checks.add(new StateCheck.HoldsTensor(path, access));
            }
            return;
        }
        if (changes) {
            checks.add(isValue(value) ? new StateCheck.Value(path, access, value)
                : new StateCheck.Same(path, access, value));
        }
        visit(path, value);
    }

    /** Tensors in it have no place: one that is replaced is another member. */
    private void members(String name, Collection<?> members) {
        checks.add(new StateCheck.Members(name, members, new ArrayList<>(members)));
        members.forEach(m -> visit(name, m));
    }

    /** Captured variables of lambdas have lost their names: their type's stands for them. */
    private static String path(String name, Field field, Object value) {
        String own = field.getName();
        if (own.startsWith("arg$") || own.startsWith("this$")) {
            String type = value == null ? "" : value.getClass().isHidden() ? "" : value.getClass().getSimpleName();
            own = type.isEmpty() ? "" : Character.toLowerCase(type.charAt(0)) + type.substring(1);
        } else if (own.startsWith("val$")) {
            own = own.substring("val$".length());
        }
        return name.isEmpty() ? own : own.isEmpty() ? name : name + "." + own;
    }

    private void elements(String name, List<?> list) {
        checks.add(new StateCheck.Elements(name, list, new ArrayList<>(list)));
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i) instanceof Tensor) {
                places.add(new ElementPlace(name + "." + i, list, i));
            } else {
                visit(name + "." + i, list.get(i));
            }
        }
    }

    private void entries(String name, Map<?, ?> map) {
        checks.add(new StateCheck.Entries(name, map, new LinkedHashMap<>(map)));
        map.forEach((key, value) -> {
            if (value instanceof Tensor) {
                places.add(new EntryPlace(name + "." + key, map, key));
            } else {
                visit(name + "." + key, value);
            }
        });
    }

    private void array(String name, Object array) {
        int length = Array.getLength(array);
        if (length <= MAX_COMPARED || array instanceof Object[]) {
            checks.add(new StateCheck.Contents(name, array, copy(array, length)));
        }
        if (array instanceof Object[] objects) {
            List<?> view = java.util.Arrays.asList(objects);
            for (int i = 0; i < length; i++) {
                if (objects[i] instanceof Tensor) {
                    places.add(new ElementPlace(name + "." + i, view, i));
                } else {
                    visit(name + "." + i, objects[i]);
                }
            }
        }
    }

    private static Object copy(Object array, int length) {
        Object copy = Array.newInstance(array.getClass().getComponentType(), length);
        System.arraycopy(array, 0, copy, 0, length);
        return copy;
    }
}
