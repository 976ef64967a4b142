package dev.kiln.nn;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Role;
import dev.kiln.tensor.Tensor;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Deque;

/** The members of a module that are fields, those of super classes first, in the order of their declaration. */
final class FieldMembers {
    private FieldMembers() {
    }

    static void visit(Module module, Members members) {
        Deque<Class<?>> types = new ArrayDeque<>();
        for (Class<?> type = module.getClass(); type != Module.class; type = type.getSuperclass()) {
            types.push(type);
        }
        for (Class<?> type : types) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
                    visit(field.getName(), value(module, field), members);
                }
            }
        }
    }

    private static void visit(String name, Object value, Members members) {
        switch (value) {
            case Tensor tensor when tensor.role() != Role.PLAIN -> members.tensor(name, tensor);
            case Module child -> members.module(name, child);
            case null, default -> { }
        }
    }

    private static Object value(Module module, Field field) {
        try {
            field.setAccessible(true);
            return field.get(module);
        } catch (InaccessibleObjectException | IllegalAccessException e) {
            throw new KilnException.BadInput("reflection cannot read " + field.getDeclaringClass().getName() + "."
                + field.getName() + ": open its package to Kiln, or override members()", e);
        }
    }
}
