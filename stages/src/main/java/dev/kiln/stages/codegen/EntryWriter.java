package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.MemoryPlan;
import dev.kiln.stages.schedule.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Writes the graph's two exported functions: the size of its workspace, and the run of all steps. */
public final class EntryWriter {
    private final GeneratedCode code;
    private final List<ConstantUse> constants;
    private final CIndex index = new CIndex();

    /** A constant as steps use it: which one, and the kernel whose packing it has (empty: as it is). */
    public record ConstantUse(String constant, String packedFor) {
    }

    private EntryWriter(GeneratedCode code, List<ConstantUse> constants) {
        this.code = code;
        this.constants = constants;
    }

    /**
     * The text, which calls {@code launch_KERNEL} of each kernel, by the kernel's name: it is the same whichever variants
     * are chosen.
     */
    public static String write(GeneratedCode code, List<ConstantUse> constants) {
        return new EntryWriter(code, constants).write();
    }

    private String write() {
        StringBuilder launches = new StringBuilder();
        StringBuilder declarations = new StringBuilder();
        code.kernels().forEach(
            k -> declarations.append("void launch_").append(k.name()).append("(const kiln_args*);\n"));
        AssertionWriter assertions = new AssertionWriter(code);
        for (int i = 0; i < code.launches().size(); i++) {
            launches.append(step(code.launches().get(i))).append(clock(i));
            if (code.schedule().groups().get(i) instanceof KernelGroup.Size size) {
                launches.append(assertions.after(size.node().symbol()));
            }
        }
        String slots = slots();
        String symbols = index.declarations(code.symbols(), "  ").replace("args->syms", "syms");
        int count = code.schedule().memory().slots().size();
        return declarations + places() + scratch(code)
            + "static void kiln_slots(const int64_t* syms, int64_t* at) {\n  (void)syms;\n" + symbols + slots + "}\n"
            + "__attribute__((visibility(\"default\"))) int64_t kiln_workspace_bytes(const int64_t* syms, int32_t threads) {\n"
            + "  int64_t at[" + (count + 1) + "];\n  kiln_slots(syms, at);\n  return at[" + count
            + "] + threads * kiln_scratch(syms);\n}\n"
            + "__attribute__((visibility(\"default\"))) int32_t kiln_entry(const kiln_call* call) {\n"
            + "  int32_t failed = 0;\n  int64_t at[" + (count + 1) + "];\n  kiln_slots(call->syms, at);\n"
            + "  char* ws = (char*)call->workspace;\n  const int64_t scratch = kiln_scratch(call->syms);\n"
            + "  (void)ws; (void)scratch;\n  uint64_t clock = call->spent ? kiln_ticks() : 0;\n" + launches + "  (void)clock;\n  return failed;\n}\n";
    }

    /** The function that gives the scratch of one worker: the most that any kernel needs. */
    public static String scratch(GeneratedCode code) {
        CIndex index = new CIndex();
        StringBuilder needs = new StringBuilder();
        code.kernels().stream().map(Kernel::scratch).filter(s -> !s.is(0)).distinct().forEach(s -> needs
            .append("  most = kiln_imax(most, ").append(index.print(s)).append(");\n"));
        return "static int64_t kiln_scratch(const int64_t* syms) {\n  int64_t most = 0;\n  (void)syms;\n"
            + index.declarations(code.symbols(), "  ").replace("args->syms", "syms") + needs
            + "  return kiln_align(most);\n}\n";
    }

    private String slots() {
        StringBuilder out = new StringBuilder("  at[0] = 0;\n");
        List<SymInt> slots = code.schedule().memory().slots();
        for (int i = 0; i < slots.size(); i++) {
            out.append("  at[").append(i + 1).append("] = at[").append(i).append("] + kiln_align(")
                .append(index.print(slots.get(i))).append(");\n");
        }
        return out.toString();
    }

    private String step(Launch launch) {
        List<String> pointers = new ArrayList<>();
        for (int i = 0; i < launch.buffers().size(); i++) {
            boolean weight = i == launch.weightArgument();
            pointers.add("(void*)" + pointer(launch.buffers().get(i), weight ? launch.kernel() : ""));
        }
        return "  { void* p[] = {" + String.join(", ", pointers)
            + "};\n    const kiln_args args = {call, &failed, call->syms, p, ws + at["
            + code.schedule().memory().slots().size() + "], scratch}; launch_" + launch.kernel()
            + "(&args); }\n";
    }

    /** Adds the time since the last step's end to this step's, if somebody asks for it. */
    private static String clock(int step) {
        return "  if (__builtin_expect(call->spent != 0, 0)) { const uint64_t now = kiln_ticks(); call->spent[" + step
            + "] += now - clock; clock = now; }\n";
    }

    private String pointer(String name, String packedFor) {
        Buffer buffer = code.schedule().program().buffer(name);
        if (code.schedule().memory().slotOf().containsKey(name)) {
            return slot(code.schedule().memory(), name);
        }
        return switch (buffer.kind()) {
            case INPUT -> "call->inputs[" + indexOf(code.schedule().program().inputs(), name) + "]";
            case OUTPUT -> "call->outputs[" + indexOf(code.schedule().program().outputs(), name) + "]";
            case CONSTANT -> "call->constants[" + constants.indexOf(new ConstantUse(name, packedFor)) + "]";
            case INTERMEDIATE -> throw new IllegalStateException("no memory is planned for " + name);
        };
    }

    private static String slot(MemoryPlan memory, String name) {
        long offset = memory.offset(name);
        return "(ws + at[" + memory.slotOf().get(name) + "]" + (offset == 0 ? "" : " + " + offset) + ")";
    }

    /**
     * Where inputs, then outputs, lie in the workspace, for callers who put them there; -1 for those that do not, -2 for
     * outputs that may lie in the memory of the input that they replace, -3 and less ({@code -3 - place}) for outputs that
     * there is room for.
     */
    private String places() {
        List<Buffer> all = new ArrayList<>(code.schedule().program().inputs());
        all.addAll(code.schedule().program().outputs());
        List<Long> places = all.stream().map(b -> place(b.name())).toList();
        if (places.stream().allMatch(p -> p == -1)) {
            return "";
        }
        return places.stream().map(p -> Long.toString(p)).collect(Collectors.joining(", ",
            "__attribute__((visibility(\"default\"))) const int64_t kiln_places[] = {", "};\n"));
    }

    private long place(String name) {
        MemoryPlan memory = code.schedule().memory();
        Placement placement = code.schedule().placement();
        if (memory.slotOf().containsKey(name)) {
            return memory.offset(name);
        }
        boolean hasRoom = placement.roomFor().contains(name) && memory.offsets().containsKey(name);
        return hasRoom ? -3 - memory.offset(name) : placement.writtenBack().containsKey(name) ? -2 : -1;
    }

    private static int indexOf(List<Buffer> buffers, String name) {
        return buffers.stream().map(Buffer::name).toList().indexOf(name);
    }
}
