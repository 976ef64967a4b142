package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One node under translation: its inputs and attributes, and the graph that grows. Inputs count from 0. */
final class NodeImport {
    private final NodeProto proto;
    private final ImportContext context;
    private final Attributes attributes;

    NodeImport(NodeProto proto, ImportContext context) {
        this.proto = proto;
        this.context = context;
        this.attributes = new Attributes(proto);
    }

    Attributes attributes() {
        return attributes;
    }

    ImportContext context() {
        return context;
    }

    /** Whether the model's operator set is at least this version. */
    boolean since(int opset) {
        return context.opset() >= opset;
    }

    ShapeEnv shapes() {
        return context.builder().shapes();
    }

    int inputs() {
        return proto.getInputCount();
    }

    /** The outputs that the node lists, unused trailing ones too. */
    int outputs() {
        return proto.getOutputCount();
    }

    /** Whether a later node or the graph's result can read the output. */
    boolean wants(int output) {
        return output < outputs() && !proto.getOutput(output).isEmpty();
    }

    boolean has(int input) {
        return input < inputs() && !proto.getInput(input).isEmpty();
    }

    private String input(int index) {
        if (!has(index)) {
            throw new KilnException.BadInput("input " + (index + 1) + " is missing");
        }
        return proto.getInput(index);
    }

    Value value(int input) {
        return context.values().get(input(input));
    }

    Arg.Ref tensor(int input) {
        return context.values().tensor(input(input));
    }

    Arg.Ref optionalTensor(int input) {
        return has(input) ? tensor(input) : null;
    }

    List<Arg.Ref> tensors() {
        return java.util.stream.IntStream.range(0, inputs()).mapToObj(this::tensor).toList();
    }

    FakeTensor type(Arg.Ref ref) {
        return context.builder().tensor(ref);
    }

    int rank(Arg.Ref ref) {
        return type(ref).rank();
    }

    DType dtype(Arg.Ref ref) {
        return type(ref).dtype();
    }

    /** An input's element type, without a node for it. */
    DType valueType(int input) {
        return switch (value(input)) {
            case Value.Tensor(Arg.Ref ref) -> dtype(ref);
            case Value.Known(KnownInts ints) -> ints.dtype();
            case Value.Literal literal -> literal.value().dtype();
            case Value.Sequence ignored -> throw Value.Sequence.asTensor();
        };
    }

    /** An input's rank, without a node for it. */
    int valueRank(int input) {
        return switch (value(input)) {
            case Value.Tensor(Arg.Ref ref) -> rank(ref);
            case Value.Known(KnownInts ints) -> ints.rank();
            case Value.Literal literal -> literal.value().sizes().size();
            case Value.Sequence ignored -> throw Value.Sequence.asTensor();
        };
    }

    Node node(Arg.Ref ref) {
        return context.builder().node(ref);
    }

    Optional<KnownInts> known(int input) {
        return context.values().known(input(input));
    }

    /** The constant behind an input, or what the user told to assume for it. */
    Optional<ConstantValue> constant(int input) {
        return context.values().constant(input(input));
    }

    /** Sizes that the importer must know, symbolic or not. */
    List<SymInt> sizes(int input, String role) {
        Optional<KnownInts> known = known(input);
        return known.isPresent() ? known.get().values() : KnownInts.of(required(input, role)).values();
    }

    /** Integers that must not be symbolic. */
    long[] integers(int input, String role) {
        KnownInts ints = KnownInts.of(required(input, role));
        return ints.values().stream().mapToLong(SymInt::asLong).toArray();
    }

    long integer(int input, String role) {
        long[] integers = integers(input, role);
        if (integers.length != 1) {
            throw new KilnException.BadInput(role + " must be one number, is " + integers.length);
        }
        return integers[0];
    }

    ConstantValue required(int input, String role) {
        return constant(input).orElseThrow(() -> new KilnException.Unsupported(role + " (input '"
            + input(input) + "') depends on data; only " + role
            + " known from constants and shapes is supported"));
    }

    /** An input of one element as a number that an op can take in place of a tensor of this rank. */
    Optional<Arg> number(int input, int rank) {
        if (valueRank(input) > rank || valueType(input) == DType.BOOL) {
            return Optional.empty();
        }
        return switch (value(input)) {
            case Value.Known(KnownInts ints) when ints.values().size() == 1 ->
                Optional.of(new Arg.Int(ints.values().getFirst()));
            case Value.Literal literal when literal.value().numel() == 1 ->
                Optional.of(number(literal.value(), 0));
            default -> Optional.empty();
        };
    }

    static Arg number(ConstantValue constant, long index) {
        return switch (constant.dtype().kind()) {
            case FLOATING -> new Arg.Real(constant.doubleAt(index));
            case INTEGRAL -> Arg.of(constant.longAt(index));
            case BOOLEAN -> new Arg.Bool(constant.longAt(index) != 0);
            case COMPLEX -> throw new KilnException.Unsupported("complex numbers are not supported in ONNX");
        };
    }

    /** A number that differs between nodes and is the same for the same model. */
    long ownSeed() {
        return String.join(",", proto.getOutputList()).hashCode();
    }

    Arg.Ref call(String overload, Object... args) {
        return context.builder().call(overload, args);
    }

    GraphBuilder builder() {
        return context.builder();
    }

    /** Before opset 7 an axis said where the second operand's dimensions stand in the first's. */
    boolean hasLegacyAxis() {
        return !since(7) && attributes.has("axis");
    }

    /** The second operand of an elementwise op, with trailing dimensions if an old model asks for them. */
    Arg.Ref legacyOperand() {
        if (!hasLegacyAxis()) {
            return tensor(1);
        }
        int rank = rank(tensor(0));
        List<SymInt> sizes = new ArrayList<>(type(tensor(1)).sizes());
        int axis = dim(attributes.integer("axis", 0), rank);
        while (sizes.size() < rank - axis) {
            sizes.add(SymInt.ONE);
        }
        return reshape(tensor(1), sizes);
    }

    Arg.Ref cast(Arg.Ref x, DType to) {
        return dtype(x) == to ? x : call("aten._to_copy.default", x, to);
    }

    Arg.Ref reshape(Arg.Ref x, List<SymInt> sizes) {
        return type(x).sizes().equals(sizes) ? x : call("aten.reshape.default", x, sizes);
    }

    Arg.Ref constant(String name, ConstantValue value) {
        return context.builder().constant(name, value);
    }

    int dim(long dim, int rank) {
        if (dim < -rank || dim >= rank) {
            throw new KilnException.BadInput("axis " + dim + " is out of range for rank " + rank);
        }
        return (int) (dim < 0 ? dim + rank : dim);
    }

    int[] dims(long[] dims, int rank) {
        int[] wrapped = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            wrapped[i] = dim(dims[i], rank);
        }
        return wrapped;
    }
}
