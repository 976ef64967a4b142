package dev.kiln.stages.trace.pt2.schema;

import dev.kiln.stages.trace.pt2.schema.Argument.SymIntArg;
import dev.kiln.stages.trace.pt2.schema.Json.Variant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads arguments, which are unions of many variants. */
final class ArgumentReader {
    /** Serialised names of enumerations; files of development builds hold them in the place of numbers. */
    private static final Map<String, Long> ENUMS = Map.ofEntries(
        Map.entry("BYTE", 1L), Map.entry("CHAR", 2L), Map.entry("SHORT", 3L), Map.entry("INT", 4L),
        Map.entry("LONG", 5L), Map.entry("HALF", 6L), Map.entry("FLOAT", 7L), Map.entry("DOUBLE", 8L),
        Map.entry("COMPLEXHALF", 9L), Map.entry("COMPLEXFLOAT", 10L), Map.entry("COMPLEXDOUBLE", 11L),
        Map.entry("BOOL", 12L), Map.entry("BFLOAT16", 13L), Map.entry("Unknown", 0L),
        Map.entry("SparseCoo", 1L), Map.entry("SparseCsr", 2L), Map.entry("SparseCsc", 3L),
        Map.entry("SparseBsr", 4L), Map.entry("SparseBsc", 5L), Map.entry("_mkldnn", 6L),
        Map.entry("Strided", 7L), Map.entry("ContiguousFormat", 1L), Map.entry("ChannelsLast", 2L),
        Map.entry("ChannelsLast3d", 3L), Map.entry("PreserveFormat", 4L));

    private ArgumentReader() {
    }

    static Argument read(Json json) {
        Variant variant = json.variant();
        Json value = variant.value();
        return switch (variant.name()) {
            case "as_none" -> new Argument.None();
            case "as_tensor" -> new Argument.Tensor(name(value));
            case "as_tensors" -> new Argument.Tensors(value.list(ArgumentReader::name));
            case "as_optional_tensors" -> new Argument.OptionalTensors(value.list(ArgumentReader::optionalTensor));
            case "as_optional_tensor" -> optionalTensor(value).<Argument>map(Argument.Tensor::new)
                .orElseGet(Argument.None::new);
            case "as_graph" -> new Argument.SubGraph(name(value), GraphReader.read(value.get("graph")));
            case "as_custom_obj" -> new Argument.CustomObject(value.optional("name", Json::text).orElse("?"),
                value.optional("class_fqn", Json::text).orElse("unknown class"));
            case "as_string_to_argument" -> new Argument.Dictionary(value.map(ArgumentReader::read));
            default -> plain(variant.name(), value);
        };
    }

    private static Argument plain(String variant, Json value) {
        return switch (variant) {
            case "as_int" -> new Argument.Int(value.integer());
            case "as_ints" -> new Argument.Ints(value.list(Json::integer));
            case "as_float" -> new Argument.Float(value.real());
            case "as_floats" -> new Argument.Floats(value.list(Json::real));
            case "as_bool" -> new Argument.Bool(value.bool());
            case "as_bools" -> new Argument.Bools(value.list(Json::bool));
            case "as_string", "as_operator" -> new Argument.Text(value.text());
            case "as_strings" -> new Argument.Texts(value.list(Json::text));
            case "as_sym_int" -> new Argument.SymInt(symInt(value));
            case "as_sym_ints" -> new Argument.SymInts(value.list(ArgumentReader::symInt));
            case "as_sym_float", "as_sym_bool" -> symScalar(value);
            case "as_scalar_type" -> new Argument.ScalarType(enumeration(value));
            case "as_memory_format" -> new Argument.MemoryFormat(enumeration(value));
            case "as_layout" -> new Argument.Layout(enumeration(value));
            case "as_device" -> new Argument.Device(value.isText() ? value.text() : value.get("type").text());
            default -> new Argument.Other(variant);
        };
    }

    /** A tensor's name, bare or in an object. */
    static String name(Json json) {
        return json.isText() ? json.text() : json.get("name").text();
    }

    private static Optional<String> optionalTensor(Json json) {
        if (json.isText()) {
            return Optional.of(json.text());
        }
        if (json.isNull()) {
            return Optional.empty();
        }
        Variant variant = json.variant();
        return switch (variant.name()) {
            case "as_tensor" -> Optional.of(name(variant.value()));
            case "as_none" -> Optional.empty();
            case "name" -> Optional.of(variant.value().text());
            default -> throw variant.unknown("argument");
        };
    }

    private static SymIntArg symInt(Json json) {
        if (json.isInteger()) {
            return new SymIntArg.Literal(json.integer());
        }
        Variant variant = json.variant();
        return switch (variant.name()) {
            case "as_name" -> new SymIntArg.Name(variant.value().text());
            case "as_int" -> new SymIntArg.Literal(variant.value().integer());
            default -> throw variant.unknown("argument");
        };
    }

    private static Argument symScalar(Json json) {
        Variant variant = json.variant();
        return switch (variant.name()) {
            case "as_name" -> new Argument.SymScalar(variant.value().text());
            case "as_bool" -> new Argument.Bool(variant.value().bool());
            case "as_float" -> new Argument.Float(variant.value().real());
            default -> throw variant.unknown("argument");
        };
    }

    /** A member of an enumeration by its number or name. */
    static long enumeration(Json json) {
        if (!json.isText()) {
            return json.integer();
        }
        Long number = ENUMS.get(json.text());
        if (number == null) {
            throw json.error("a member of an enumeration");
        }
        return number;
    }

    /** Names of tensors in a list of plain texts (schema 1). */
    static List<String> names(Json json) {
        return json.list(ArgumentReader::name);
    }
}
