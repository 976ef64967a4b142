package dev.kiln.stages.trace.pt2.archive;

import static dev.kiln.stages.trace.pt2.archive.Pickle.typed;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.pt2.archive.PickleValue.Global;
import dev.kiln.stages.trace.pt2.archive.PickleValue.Opaque;
import dev.kiln.stages.trace.pt2.archive.PickleValue.StorageRef;
import dev.kiln.stages.trace.pt2.archive.PickleValue.TensorRef;
import dev.kiln.stages.trace.pt2.archive.PickleValue.Tuple;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/** The Python names that a weight file may use, and what they rebuild. */
final class PickleGlobals {
    private static final Set<String> FUNCTIONS = Set.of("collections.OrderedDict",
        "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_parameter", "torch._tensor._rebuild_from_type_v2", "torch.Size", "torch.device");
    private static final Set<String> CLASSES = Set.of("torch.storage.UntypedStorage", "torch.Tensor",
        "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer");

    private PickleGlobals() {
    }

    static Global allowed(String what, String name) {
        if (FUNCTIONS.contains(name) || CLASSES.contains(name) || TorchTypes.of(name).isPresent()) {
            return new Global(name);
        }
        if (name.contains("qtensor") || name.matches("torch\\.Q.*Storage")) {
            throw new KilnException.Unsupported(what + " holds a quantised tensor (" + name + ")");
        }
        if (name.contains("sparse")) {
            throw new KilnException.Unsupported(what + " holds a sparse tensor (" + name + ")");
        }
        throw new KilnException.Unsupported(what + " needs '" + name
            + "', which is more than plain tensors; export the model with plain tensors only");
    }

    /** Calls a global that builds data. */
    static Object call(String what, Global function, List<Object> args) {
        return switch (function.name()) {
            case "collections.OrderedDict" -> ordered(what, args);
            case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor" -> tensor(what, args,
                typed(StorageRef.class, args.get(0)).kind());
            case "torch._utils._rebuild_tensor_v3" -> tensor(what, args, typed(Global.class, args.get(6)).name());
            case "torch._utils._rebuild_parameter" -> typed(TensorRef.class, args.getFirst());
            case "torch._tensor._rebuild_from_type_v2" -> plain(what, args);
            case "torch.Size" -> args.getFirst();
            case "torch.device" -> new Opaque("torch.device");
            default -> throw new KilnException.BadInput(what + " calls '" + function.name() + "', which is a class");
        };
    }

    private static Object ordered(String what, List<Object> args) {
        if (!args.isEmpty()) {
            throw new KilnException.BadInput(what + " builds a dictionary in an unknown way");
        }
        return new LinkedHashMap<>();
    }

    /** A tensor with attributes: the attributes are of no use, a subclass is refused. */
    private static Object plain(String what, List<Object> args) {
        String type = typed(Global.class, args.get(1)).name();
        if (!CLASSES.contains(type)) {
            throw new KilnException.Unsupported(what + " holds a tensor of class " + type);
        }
        return call(what, typed(Global.class, args.get(0)), typed(Tuple.class, args.get(2)).items());
    }

    private static TensorRef tensor(String what, List<Object> args, String type) {
        return new TensorRef(typed(StorageRef.class, args.get(0)), type, typed(Long.class, args.get(1)),
            longs(args.get(2)), longs(args.get(3)));
    }

    private static List<Long> longs(Object tuple) {
        return typed(Tuple.class, tuple).items().stream().map(v -> typed(Long.class, v)).toList();
    }

    static StorageRef storage(String what, List<Object> id) {
        if (id.size() < 3 || !"storage".equals(id.getFirst())) {
            throw new KilnException.Unsupported(what + " refers to something that is not a storage");
        }
        return new StorageRef(typed(Global.class, id.get(1)).name(), typed(String.class, id.get(2)));
    }
}
