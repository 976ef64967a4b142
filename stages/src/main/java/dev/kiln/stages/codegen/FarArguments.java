package dev.kiln.stages.codegen;

import java.util.regex.Pattern;

/**
 * Sine, cosine and tangent need a branch for large arguments, and loops with branches do not vectorise. So the text of a
 * kernel's body becomes two functions: one without the branch, which reports whether it met a large argument, and one
 * that does all of it again, from the same inputs, if so.
 */
final class FarArguments {
    private static final Pattern PERIODIC = Pattern.compile("\\bkiln_(sin|cos|tan)(f?)\\(");
    private static final Pattern VECTORIZE = Pattern.compile(
        "(?m)^ *(#pragma clang loop vectorize\\(assume_safety\\)[^\n]*|KILN_COLUMNS)\n");

    private FarArguments() {
    }

    /**
     * The C functions whose last one has the given name and does what the body says.
     *
     * @param qualifiers of the function, in front of {@code void}
     * @param parameters with their types, as in C
     * @param arguments the parameters' names, as in a call
     * @param body indented statements, which write nothing that they read
     */
    static String function(String qualifiers, String name, String parameters, String arguments, String body) {
        String head = qualifiers + " void " + name + "(" + parameters + ") {\n";
        if (!PERIODIC.matcher(body).find()) {
            return head + body + "}\n";
        }
        String near = PERIODIC.matcher(body).replaceAll("kiln_near_$1$2(&far, ");
        return qualifiers + " int32_t " + name + "_near(" + parameters + ") {\n  int32_t far = 0;\n" + near
            + "  return far;\n}\n"
            + "static __attribute__((noinline, cold)) void " + name + "_far(" + parameters + ") {\n"
            + VECTORIZE.matcher(body).replaceAll("") + "}\n"
            + head + "  if (" + name + "_near(" + arguments + ")) " + name + "_far(" + arguments + ");\n}\n";
    }
}
