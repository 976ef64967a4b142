package dev.kiln.ops.derivative;

import java.util.Map;

/** Collects what the families of derivatives define, by the overload's name without its namespace. */
record Rules(Map<String, Derivative> rules) {

    void rule(String overload, Derivative rule) {
        if (rules.put("aten." + overload, rule) != null) {
            throw new IllegalStateException(overload + " has two derivatives");
        }
    }

    /** Ops that gradients do not pass through. */
    void none(String... overloads) {
        for (String overload : overloads) {
            rule(overload, Derivatives.STOP);
        }
    }
}
