package dev.kiln.stages.trace.pt2.schema;

import java.util.Optional;

/** What a node is called in the user's program, as far as the exporter noted it. */
final class SourceName {
    private static final int MAX = 200;

    private SourceName() {
    }

    /**
     * The innermost function or module that the node was traced in: {@code fc} of
     * {@code layer,<class 'Block'>;fc,<class 'torch.nn.modules.linear.Linear'>}; empty if there is no note.
     */
    static String of(Json node) {
        Optional<Json> metadata = node.optional("metadata").filter(Json::isObject);
        Optional<Json> note = metadata.flatMap(m -> m.optional("source_fn_stack")
            .or(() -> m.optional("source_fn"))).filter(Json::isText);
        String stack = note.map(Json::text).orElse("");
        String innermost = stack.substring(stack.lastIndexOf(';') + 1);
        int comma = innermost.indexOf(',');
        String name = (comma < 0 ? innermost : innermost.substring(0, comma)).strip();
        return name.substring(0, Math.min(MAX, name.length()));
    }
}
