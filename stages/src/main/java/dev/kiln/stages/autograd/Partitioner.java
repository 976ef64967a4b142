package dev.kiln.stages.autograd;

/** Cuts a joint graph into a forward and a backward graph: decides what is saved and what is computed again. */
public interface Partitioner {
    Partition partition(JointGraph joint);
}
