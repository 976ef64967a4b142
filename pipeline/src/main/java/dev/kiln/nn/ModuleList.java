package dev.kiln.nn;

import java.util.Iterator;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Modules of one type, named by their place. */
public final class ModuleList<M extends Module> extends Module implements Iterable<M> {
    private final List<M> modules;

    public ModuleList(List<M> modules) {
        this.modules = List.copyOf(modules);
    }

    /** So many modules, each made by its place. */
    public static <M extends Module> ModuleList<M> of(int count, IntFunction<M> module) {
        return new ModuleList<>(IntStream.range(0, count).mapToObj(module).toList());
    }

    public M get(int index) {
        return modules.get(index);
    }

    public int size() {
        return modules.size();
    }

    @Override
    public Iterator<M> iterator() {
        return modules.iterator();
    }

    @Override
    protected void members(Members members) {
        for (int i = 0; i < modules.size(); i++) {
            members.module(Integer.toString(i), modules.get(i));
        }
    }
}
