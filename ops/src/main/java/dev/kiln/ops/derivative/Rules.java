package dev.kiln.ops.derivative;

import java.util.Map;
import java.util.Set;

/**
 * Collects what the families of derivatives define, by the overload's name without its namespace.
 *
 * @param single names of ops through whose first output alone gradients pass
 * @param complex names of ops whose rules take complex tensors as they are; of others the parts are differentiated
 */
record Rules(Map<String, Derivative> rules, Set<String> single, Set<String> complex) {

    void rule(String overload, Derivative rule) {
        if (rules.put("aten." + overload, rule) != null) {
            throw new IllegalStateException(overload + " has two derivatives");
        }
    }

    /** The rule of an op through whose first output alone gradients pass: the others are by-products. */
    void ofFirst(String overload, Derivative rule) {
        rule(overload, rule);
        single.add("aten." + overload);
    }

    /** A rule that also holds for complex tensors; gradients are those of the real part plus i times the imaginary one's. */
    void complexRule(String overload, Derivative rule) {
        rule(overload, rule);
        complex.add("aten." + overload);
    }

    /** Ops that gradients do not pass through. */
    void none(String... overloads) {
        for (String overload : overloads) {
            rule(overload, Derivatives.STOP);
        }
    }
}
