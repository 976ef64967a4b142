package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.archive.PickleValue.Global;
import dev.kiln.stages.trace.pt2.archive.PickleValue.Tuple;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * A pickle machine (protocols 2 to 5) for the data that {@code torch.save} writes. It runs no code: the few globals
 * that tensors need are rebuilt by {@link PickleGlobals}, any other is refused by its name.
 */
final class Pickle {
    private static final Object MARK = new Object();

    private final String what;
    private final PickleInput in;
    private final ArrayList<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();

    private Pickle(String what, MemorySegment data) {
        this.what = what;
        in = new PickleInput(what, data);
    }

    /**
     * The value that the pickle describes.
     *
     * @param what names the pickle in errors
     * @throws KilnException.BadInput if the bytes are no such pickle
     * @throws KilnException.Unsupported if it wants a global that is not allowed
     */
    static Object load(String what, MemorySegment data) {
        Pickle pickle = new Pickle(what, data);
        try {
            return pickle.run();
        } catch (IndexOutOfBoundsException | ClassCastException | NoSuchElementException e) {
            throw new KilnException.BadInput(pickle.in.damaged("its opcodes do not fit together").getMessage(), e);
        }
    }

    private Object run() {
        for (int opcode = in.uint8(); opcode != '.'; opcode = in.uint8()) {
            if (!literal(opcode) && !memory(opcode) && !container(opcode)) {
                call(opcode);
            }
        }
        if (stack.size() != 1 || stack.getFirst() == MARK) {
            throw in.damaged("its opcodes do not fit together");
        }
        return stack.getFirst();
    }

    private boolean literal(int opcode) {
        switch (opcode) {
            case 0x80 -> requireProtocol(in.uint8());
            case 0x95 -> in.int64(); // the length of a frame, which says nothing new
            case 'N' -> stack.add(null);
            case 0x88 -> stack.add(true);
            case 0x89 -> stack.add(false);
            case 'J' -> stack.add((long) in.int32());
            case 'K' -> stack.add((long) in.uint8());
            case 'M' -> stack.add((long) in.uint16());
            case 0x8a -> stack.add(in.integer(in.uint8()));
            case 0x8b -> stack.add(in.integer(in.int32()));
            case 'G' -> stack.add(in.real());
            case 'X', 'T' -> stack.add(in.text(in.uint32()));
            case 0x8c, 'U' -> stack.add(in.text(in.uint8()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean memory(int opcode) {
        switch (opcode) {
            case 'q' -> memo.put((long) in.uint8(), stack.getLast());
            case 'r' -> memo.put(in.uint32(), stack.getLast());
            case 0x94 -> memo.put((long) memo.size(), stack.getLast());
            case 'h' -> stack.add(recall(in.uint8()));
            case 'j' -> stack.add(recall(in.uint32()));
            case '0' -> stack.removeLast();
            case '2' -> stack.add(stack.getLast());
            default -> {
                return false;
            }
        }
        return true;
    }

    private Object recall(long key) {
        if (!memo.containsKey(key)) {
            throw in.damaged("it recalls what it never remembered");
        }
        return memo.get(key);
    }

    private boolean container(int opcode) {
        switch (opcode) {
            case '(' -> stack.add(MARK);
            case ')' -> stack.add(new Tuple(List.of()));
            case ']' -> stack.add(new ArrayList<>());
            case '}' -> stack.add(new LinkedHashMap<>());
            case 't' -> stack.add(tuple(toMark()));
            case 0x85, 0x86, 0x87 -> stack.add(tuple(take(opcode - 0x84)));
            case 'l' -> stack.add(toMark());
            case 'd' -> stack.add(fill(new LinkedHashMap<>(), toMark()));
            case 'a' -> list(take(1));
            case 'e' -> list(toMark());
            case 's' -> map(take(2));
            case 'u' -> map(toMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void call(int opcode) {
        switch (opcode) {
            case 'c' -> stack.add(PickleGlobals.allowed(what, in.line() + "." + in.line()));
            case 0x93 -> {
                List<Object> names = take(2);
                stack.add(PickleGlobals.allowed(what, text(names.get(0)) + "." + text(names.get(1))));
            }
            case 'R', 0x81 -> {
                List<Object> call = take(2);
                stack.add(PickleGlobals.call(what, typed(Global.class, call.get(0)),
                    typed(Tuple.class, call.get(1)).items()));
            }
            case 'b' -> take(1); // attributes of an OrderedDict or a parameter
            case 'Q' -> stack.add(PickleGlobals.storage(what, typed(Tuple.class, take(1).getFirst()).items()));
            default -> throw in.damaged("opcode 0x" + Integer.toHexString(opcode) + " is not one that tensors need");
        }
    }

    private static String text(Object value) {
        return typed(String.class, value);
    }

    /** A value that must be there and of a type; anything else is reported as an ill-formed pickle. */
    static <T> T typed(Class<T> type, Object value) {
        if (value == null) {
            throw new ClassCastException("None");
        }
        return type.cast(value);
    }

    private void requireProtocol(int protocol) {
        if (protocol < 2 || protocol > 5) {
            throw in.damaged("protocol " + protocol);
        }
    }

    @SuppressWarnings("unchecked")
    private void list(List<Object> items) {
        ((List<Object>) typed(List.class, stack.getLast())).addAll(items);
    }

    @SuppressWarnings("unchecked")
    private void map(List<Object> pairs) {
        fill((Map<Object, Object>) typed(Map.class, stack.getLast()), pairs);
    }

    /** Keys are plain values, so that hashing one cannot run into itself. */
    private Map<Object, Object> fill(Map<Object, Object> map, List<Object> pairs) {
        for (int i = 0; i < pairs.size(); i += 2) {
            Object key = pairs.get(i);
            if (!(key instanceof String || key instanceof Long || key instanceof Boolean)) {
                throw in.damaged("a dictionary has a key that is neither text nor a number");
            }
            map.put(key, pairs.get(i + 1));
        }
        return map;
    }

    private static Tuple tuple(List<Object> items) {
        return new Tuple(Collections.unmodifiableList(items));
    }

    private List<Object> take(int count) {
        List<Object> top = stack.subList(stack.size() - count, stack.size());
        List<Object> taken = new ArrayList<>(top);
        top.clear();
        if (taken.contains(MARK)) {
            throw in.damaged("its opcodes do not fit together");
        }
        return taken;
    }

    private List<Object> toMark() {
        int mark = stack.size() - 1;
        while (stack.get(mark) != MARK) {
            mark--;
        }
        List<Object> taken = take(stack.size() - mark - 1);
        stack.removeLast();
        return taken;
    }
}
