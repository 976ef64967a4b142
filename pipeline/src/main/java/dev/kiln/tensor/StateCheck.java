package dev.kiln.tensor;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** One condition on what a function sees. */
sealed interface StateCheck {
    boolean holds();

    /** Why it does not hold. */
    String reason();

    /** A field of a type whose values are equal or not: numbers, strings, enums. */
    record Value(String name, Supplier<?> field, Object expected) implements StateCheck {
        @Override
        public boolean holds() {
            return Objects.equals(field.get(), expected);
        }

        @Override
        public String reason() {
            return name + " was " + expected + ", is " + field.get();
        }
    }

    /** A field that refers to an object that the walk went into. */
    record Same(String name, Supplier<?> field, Object expected) implements StateCheck {
        @Override
        public boolean holds() {
            return field.get() == expected;
        }

        @Override
        public String reason() {
            return name + (expected == null ? " was null, is set" : field.get() == null ? " was set, is null"
                : " was replaced");
        }
    }

    /** A field that held a tensor holds one. */
    record HoldsTensor(String name, Supplier<?> field) implements StateCheck {
        @Override
        public boolean holds() {
            return field.get() instanceof Tensor;
        }

        @Override
        public String reason() {
            return name + " was a tensor, is " + field.get();
        }
    }

    /** A list with the same elements; where one was a tensor, any tensor. */
    record Elements(String name, List<?> list, List<Object> expected) implements StateCheck {
        @Override
        public boolean holds() {
            return same(list, expected);
        }

        @Override
        public String reason() {
            return name + (list.size() != expected.size() ? " had " + expected.size() + " elements, has " + list.size()
                : " has other elements");
        }
    }

    /** A collection without places, such as a set, with the same elements in the same order; the very same tensors. */
    record Members(String name, Collection<?> collection, List<Object> expected) implements StateCheck {
        @Override
        public boolean holds() {
            if (collection.size() != expected.size()) {
                return false;
            }
            int i = 0;
            for (Object now : collection) {
                Object before = expected.get(i++);
                if (now != before && !(StateWalk.isValue(before) && before.equals(now))) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String reason() {
            return name + " has other elements";
        }
    }

    /** A map with the same entries. */
    record Entries(String name, Map<?, ?> map, Map<?, ?> expected) implements StateCheck {
        @Override
        public boolean holds() {
            if (map.size() != expected.size()) {
                return false;
            }
            for (Map.Entry<?, ?> entry : expected.entrySet()) {
                if (!same(map.get(entry.getKey()), entry.getValue())) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String reason() {
            return name + " has other entries";
        }
    }

    /** An array of primitives or objects with the same elements. */
    record Contents(String name, Object array, Object expected) implements StateCheck {
        @Override
        public boolean holds() {
            return array instanceof Object[] objects ? same(Arrays.asList(objects), Arrays.asList((Object[]) expected))
                : Objects.deepEquals(array, expected);
        }

        @Override
        public String reason() {
            return name + " has other elements";
        }
    }

    private static boolean same(List<?> now, List<?> before) {
        if (now.size() != before.size()) {
            return false;
        }
        for (int i = 0; i < before.size(); i++) {
            if (!same(now.get(i), before.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean same(Object now, Object before) {
        return now == before || now instanceof Tensor && before instanceof Tensor
            || StateWalk.isValue(before) && before.equals(now);
    }
}
