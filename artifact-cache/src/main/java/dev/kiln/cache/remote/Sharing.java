package dev.kiln.cache.remote;

import dev.kiln.cache.store.Kind;

/** How records of a kind are shared with other machines. */
enum Sharing {
    /** Not at all: it tells of this machine. */
    NONE,
    /** Under a name of its own. */
    VALUE,
    /** As a field of what it belongs to, since it is looked for by that. */
    FIELD;

    static Sharing of(Kind kind, byte[] key) {
        return switch (kind) {
            case ARTIFACT, AOT, COMPONENTS, TUNING -> VALUE;
            // A path and its stamp mean nothing elsewhere; content and what it led to do.
            case SOURCE -> key.length > 0 && key[0] == 'p' ? NONE : VALUE;
            case EAGER, VARIANT -> FIELD;
            case ACCESS, STAMP -> NONE;
        };
    }
}
