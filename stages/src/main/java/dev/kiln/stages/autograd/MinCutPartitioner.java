package dev.kiln.stages.autograd;

/**
 * Saves what a minimum cut of the joint graph keeps, and computes the rest again in the backward graph: what a kernel of
 * the backward graph can compute on the way costs less than storing and loading it. The method is TorchInductor's.
 */
public final class MinCutPartitioner implements Partitioner {
    private final PartitionOptions options;

    public MinCutPartitioner(PartitionOptions options) {
        this.options = options;
    }

    @Override
    public Partition partition(JointGraph joint) {
        if (joint.tangents().isEmpty()) {
            return new DefaultPartitioner().partition(joint);
        }
        JointValues values = new JointValues(JointPreparation.run(joint));
        return PartitionWriter.write(values, MemoryBudget.apply(values, options),
            options.activationMemoryBudget() < 1);
    }
}
