package dev.kiln.tensor;

import dev.kiln.ops.KilnException;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.util.function.Supplier;

/** A field of one object. */
record FieldAccess(Object holder, Field field) implements Supplier<Object> {

    static FieldAccess of(Object holder, Field field) {
        try {
            field.setAccessible(true);
            return new FieldAccess(holder, field);
        } catch (InaccessibleObjectException e) {
            throw new KilnException.BadInput("the function sees " + field.getDeclaringClass().getName() + "."
                + field.getName() + ", which reflection cannot read: open its package to Kiln", e);
        }
    }

    @Override
    public Object get() {
        try {
            return field.get(holder);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("cannot read a field of " + holder.getClass(), e);
        }
    }
}
