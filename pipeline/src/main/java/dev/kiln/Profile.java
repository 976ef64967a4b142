package dev.kiln;

import dev.kiln.cache.CompiledGraph;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the time of a model goes.
 *
 * @param millis of one run, the median
 * @param steps each kernel that a run starts, in order, with its part of {@code millis}
 */
public record Profile(double millis, List<Step> steps) {
    public Profile {
        steps = List.copyOf(steps);
    }

    /** One start of a kernel. Steps that share a kernel differ in their tensors. */
    public record Step(CompiledGraph.KernelInfo kernel, double millis) {
    }

    /** All steps of one kernel. */
    public record KernelTime(CompiledGraph.KernelInfo kernel, int steps, double millis) {
    }

    /** By kernel, the longest first. */
    public List<KernelTime> kernels() {
        Map<String, KernelTime> times = new LinkedHashMap<>();
        for (Step step : steps) {
            times.merge(step.kernel().name(), new KernelTime(step.kernel(), 1, step.millis()),
                (a, b) -> new KernelTime(a.kernel(), a.steps() + b.steps(), a.millis() + b.millis()));
        }
        List<KernelTime> longest = new ArrayList<>(times.values());
        longest.sort(Comparator.comparingDouble(KernelTime::millis).reversed());
        return longest;
    }

    /** Ticks have the processor's rate: what they say is shares. */
    static Profile of(List<CompiledGraph.KernelInfo> kernels, long[] ticks, double millis) {
        double all = 0;
        for (long t : ticks) {
            all += t;
        }
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < ticks.length; i++) {
            steps.add(new Step(kernels.get(i), all == 0 ? 0 : millis * ticks[i] / all));
        }
        return new Profile(millis, steps);
    }
}
