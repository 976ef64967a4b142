package dev.kiln.cache.codec;

/**
 * Kryo registration ids of every type that is stored. Written down once and never derived: an id that moves
 * makes every stored entry undecodable. A field that changes raises the schema of its entry instead.
 */
public final class TypeIds {
    public static final int BLOB = 16;
    public static final int CACHE_KEY = 17;
    public static final int COMPILED_GRAPH = 20;
    public static final int CODE = 21;
    public static final int SIGNATURE = 22;
    public static final int SYMBOL_SPEC = 23;
    public static final int TENSOR_SPEC = 24;
    public static final int KERNEL_INFO = 25;
    public static final int CUDAGRAPH_INFO = 26;
    public static final int HISTORY = 27;
    public static final int TUNING_RECORD = 40;
    public static final int AOT_ENTRY = 48;
    public static final int AOT_INPUT = 49;
    public static final int AOT_OUTPUT = 50;
    public static final int AOT_WRAPPERS = 51;

    private TypeIds() {
    }
}
