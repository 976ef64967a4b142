package dev.kiln.tensor;

import dev.kiln.ops.KilnException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.util.function.Supplier;

/** A field of one object. */
record FieldAccess(Object holder, MethodHandle getter) implements Supplier<Object> {

    static FieldAccess of(Object holder, Field field) {
        try {
            field.setAccessible(true);
            MethodHandle getter = MethodHandles.lookup().unreflectGetter(field);
            return new FieldAccess(holder, getter.bindTo(holder));
        } catch (InaccessibleObjectException | IllegalAccessException e) {
            throw new KilnException.BadInput("the function sees " + field.getDeclaringClass().getName() + "."
                + field.getName() + ", which reflection cannot read: open its package to Kiln", e);
        }
    }

    @Override
    public Object get() {
        try {
            return getter.invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("cannot read a field of " + holder.getClass(), e);
        }
    }
}
