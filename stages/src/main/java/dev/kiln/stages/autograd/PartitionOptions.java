package dev.kiln.stages.autograd;

import dev.kiln.ops.KilnException;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How a joint graph is cut. Names and meaning are TorchInductor's; so are the defaults, but for
 * {@code ban_recompute_materialized_backward}, which keeps activation functions between two products twice, before and
 * after.
 *
 * @param activationMemoryBudget from 0 (save inputs only) to 1 (the cut that costs no long computations), as a share of
 *     the bytes between these
 * @param aggressiveRecomputation only products, convolutions and random ops are not computed again
 * @param recomputeViews views are made again from what they are views of
 * @param banRecomputeUsedFarApart a value that is used before and after an unfusible op is not computed twice
 * @param banRecomputeLongFusibleChains chains of more than 100 fusible ops are cut
 * @param banRecomputeMaterializedBackward what an unfusible op of the backward graph reads is not computed again
 * @param banRecomputeNotInAllowlist only views, pointwise ops, reductions and indexing are computed again
 * @param banRecomputeReductions results that are less than a quarter of what they are made of are not computed again
 * @param maxDistFromBw calls further than this from the backward graph are not computed again
 * @param solver which calls are worth their memory, for budgets between 0 and 1
 * @param runtimeEstimator what a call is taken to cost
 */
public record PartitionOptions(double activationMemoryBudget, boolean aggressiveRecomputation, boolean recomputeViews,
        boolean banRecomputeUsedFarApart, boolean banRecomputeLongFusibleChains,
        boolean banRecomputeMaterializedBackward, boolean banRecomputeNotInAllowlist, boolean banRecomputeReductions,
        int maxDistFromBw, Solver solver, RuntimeEstimator runtimeEstimator) {

    /** {@code activation_memory_budget_solver}. */
    public enum Solver { GREEDY, DP }

    /** {@code activation_memory_budget_runtime_estimator}: floating-point operations, or 1 for each call. */
    public enum RuntimeEstimator { FLOPS, TESTING }

    public PartitionOptions {
        if (!(activationMemoryBudget >= 0 && activationMemoryBudget <= 1)) {
            throw new KilnException.BadInput("activation_memory_budget must be from 0 to 1, got "
                + activationMemoryBudget);
        }
    }

    public static PartitionOptions defaults() {
        return new PartitionOptions(1, false, true, true, true, false, true, true, 1000, Solver.DP,
            RuntimeEstimator.FLOPS);
    }

    public PartitionOptions withActivationMemoryBudget(double budget) {
        return new PartitionOptions(budget, aggressiveRecomputation, recomputeViews, banRecomputeUsedFarApart,
            banRecomputeLongFusibleChains, banRecomputeMaterializedBackward, banRecomputeNotInAllowlist,
            banRecomputeReductions, maxDistFromBw, solver, runtimeEstimator);
    }

    public PartitionOptions withAggressiveRecomputation(boolean on) {
        return new PartitionOptions(activationMemoryBudget, on, recomputeViews, banRecomputeUsedFarApart,
            banRecomputeLongFusibleChains, banRecomputeMaterializedBackward, banRecomputeNotInAllowlist,
            banRecomputeReductions, maxDistFromBw, solver, runtimeEstimator);
    }

    public PartitionOptions withBanRecomputeMaterializedBackward(boolean on) {
        return new PartitionOptions(activationMemoryBudget, aggressiveRecomputation, recomputeViews,
            banRecomputeUsedFarApart, banRecomputeLongFusibleChains, on, banRecomputeNotInAllowlist,
            banRecomputeReductions, maxDistFromBw, solver, runtimeEstimator);
    }

    public PartitionOptions withSolver(Solver other, RuntimeEstimator estimator) {
        return new PartitionOptions(activationMemoryBudget, aggressiveRecomputation, recomputeViews,
            banRecomputeUsedFarApart, banRecomputeLongFusibleChains, banRecomputeMaterializedBackward,
            banRecomputeNotInAllowlist, banRecomputeReductions, maxDistFromBw, other, estimator);
    }

    /** All of them by TorchInductor's names, for the cache's key. */
    public SortedMap<String, String> settings() {
        SortedMap<String, String> settings = new TreeMap<>();
        settings.put("activation_memory_budget", Double.toString(activationMemoryBudget));
        settings.put("activation_memory_budget_solver", solver.name());
        settings.put("activation_memory_budget_runtime_estimator", runtimeEstimator.name());
        settings.put("aggressive_recomputation", Boolean.toString(aggressiveRecomputation));
        settings.put("recompute_views", Boolean.toString(recomputeViews));
        settings.put("ban_recompute_used_far_apart", Boolean.toString(banRecomputeUsedFarApart));
        settings.put("ban_recompute_long_fusible_chains", Boolean.toString(banRecomputeLongFusibleChains));
        settings.put("ban_recompute_materialized_backward", Boolean.toString(banRecomputeMaterializedBackward));
        settings.put("ban_recompute_not_in_allowlist", Boolean.toString(banRecomputeNotInAllowlist));
        settings.put("ban_recompute_reductions", Boolean.toString(banRecomputeReductions));
        settings.put("max_dist_from_bw", Integer.toString(maxDistFromBw));
        return settings;
    }

    /** Without the bans that weigh time against memory case by case; with the allowlist. */
    PartitionOptions relaxed() {
        return new PartitionOptions(activationMemoryBudget, false, recomputeViews, false, false, false,
            banRecomputeNotInAllowlist, banRecomputeReductions, maxDistFromBw, solver, runtimeEstimator);
    }

    /** As {@link #relaxed}, without the allowlist. */
    PartitionOptions aggressive() {
        return new PartitionOptions(activationMemoryBudget, true, recomputeViews, false, false, false, false,
            banRecomputeReductions, maxDistFromBw, solver, runtimeEstimator);
    }

    PartitionOptions effective() {
        return aggressiveRecomputation ? aggressive() : this;
    }
}
