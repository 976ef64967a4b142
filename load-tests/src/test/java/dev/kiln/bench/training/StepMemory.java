package dev.kiln.bench.training;

/**
 * What a training step takes besides parameters and the optimizer's state, in bytes above what the process has before it.
 *
 * @param step at most, gradients included, which are made anew by every step
 * @param kept at most where gradients lie in memory already, so that they are no part of it; 0 if they have no memory of
 *     their own
 * @param running at most over many steps, gradients included, without giving memory back between them
 * @param gradients bytes of all gradients
 */
record StepMemory(long step, long kept, long running, long gradients) {
}
