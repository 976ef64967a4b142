package dev.kiln.bench;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.stages.autograd.DefaultPartitioner;
import dev.kiln.stages.autograd.JointGraph;
import dev.kiln.stages.autograd.JointGraphBuilder;
import dev.kiln.stages.autograd.MinCutPartitioner;
import dev.kiln.stages.autograd.Partition;
import dev.kiln.stages.autograd.PartitionOptions;
import dev.kiln.stages.autograd.Partitioner;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What is saved for the backward graphs of a few models, beside what functorch 1.13 saves. */
public final class PartitionTable {
    /** Bytes saved besides inputs, and with them. */
    record Bytes(long computed, long all) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,12d %,12d", computed, all);
        }
    }

    /** What functorch's default and min-cut partitioners save, as {@code functorch_saved_bytes.py} prints it. */
    record Functorch(Bytes keepAll, Bytes cut) {
    }

    static final Map<String, Functorch> FUNCTORCH = functorch();

    private PartitionTable() {
    }

    private static Map<String, Functorch> functorch() {
        Map<String, Functorch> figures = new LinkedHashMap<>();
        figures.put("layer_norm_mlp", recorded(6_819_840, 7_346_176, 4_722_688, 5_249_024));
        figures.put("attention", recorded(7_340_032, 7_340_032, 7_340_032, 7_340_032));
        figures.put("sin_cos", recorded(29_360_128, 33_554_432, 0, 4_194_304));
        figures.put("gpt_block", recorded(9_179_136, 9_445_376, 9_179_136, 9_445_376));
        figures.put("conv_bn_relu", recorded(1_048_832, 1_329_536, 1_048_832, 1_329_536));
        figures.put("lstm_step", recorded(622_592, 712_704, 589_824, 679_936));
        figures.put("swiglu_mlp", recorded(4_931_584, 5_193_728, 3_522_560, 3_784_704));
        figures.put("rms_norm", recorded(526_336, 1_051_648, 2_048, 527_360));
        return figures;
    }

    private static Functorch recorded(long computed, long all, long cutComputed, long cutAll) {
        return new Functorch(new Bytes(computed, all), new Bytes(cutComputed, cutAll));
    }

    /** Prints a line a model: bytes besides inputs and with them, of Kiln's and functorch's partitioners. */
    public static void main(String[] arguments) {
        System.out.printf("%-16s%-27s%-27s%-27s%s%n", "", "Kiln, default", "Kiln, min-cut", "functorch, default",
            "functorch, min-cut");
        PartitionModels.all().forEach((name, graph) -> System.out.printf("%-16s%s  %s  %s  %s%n", name,
            saved(graph, new DefaultPartitioner()), saved(graph, new MinCutPartitioner(PartitionOptions.defaults())),
            FUNCTORCH.get(name).keepAll(), FUNCTORCH.get(name).cut()));
    }

    static Bytes saved(Graph forward, Partitioner partitioner) {
        Set<String> inputs = forward.placeholders().stream().map(Node.Placeholder::source).collect(Collectors.toSet());
        JointGraph joint = JointGraphBuilder.build(forward, inputs, i -> true);
        Partition partition = partitioner.partition(joint);
        List<Node.Placeholder> read = partition.backward().placeholders().stream()
            .filter(p -> partition.saved().contains(p.source())).toList();
        return new Bytes(bytes(read.stream().filter(p -> !inputs.contains(p.source())).toList()), bytes(read));
    }

    private static long bytes(List<Node.Placeholder> tensors) {
        return tensors.stream().mapToLong(p -> p.tensor().numel().asLong() * p.tensor().dtype().bytes()).sum();
    }
}
