package dev.kiln.ops.derivative;

import java.util.Map;
import java.util.Set;

/** Collects what the families of derivatives define, by the overload's name without its namespace. */
record Rules(Map<String, Derivative> rules, Set<String> single) {

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

    /** Ops that gradients do not pass through. */
    void none(String... overloads) {
        for (String overload : overloads) {
            rule(overload, Derivatives.STOP);
        }
    }
}
