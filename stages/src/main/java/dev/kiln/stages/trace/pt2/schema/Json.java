package dev.kiln.stages.trace.pt2.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A value of a JSON text and the path that leads to it; what is not as expected is a one-line error with that path.
 * A missing field and a null one are alike.
 */
public record Json(JsonNode node, String path) {
    /** More than this many bytes of JSON is no model. */
    private static final int MAX_BYTES = 1 << 28;
    private static final JsonMapper MAPPER = JsonMapper.builder()
        .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    /** @throws KilnException.BadInput if the bytes are no JSON object */
    public static Json parse(String name, byte[] bytes) {
        try {
            JsonNode node = MAPPER.readTree(bytes);
            if (!node.isObject()) {
                throw new KilnException.BadInput(name + " is not a JSON object");
            }
            return new Json(node, name);
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr() + ", column "
                + e.getLocation().getColumnNr();
            throw new KilnException.BadInput(name + " does not parse" + where + ": "
                + e.getOriginalMessage().lines().findFirst().orElse(""), e);
        } catch (IOException e) {
            throw new KilnException.BadInput(name + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Whether a text of that length is read at all. */
    public static boolean isTooLong(long bytes) {
        return bytes > MAX_BYTES;
    }

    public boolean isNull() {
        return node.isNull() || node.isMissingNode();
    }

    public boolean isObject() {
        return node.isObject();
    }

    public boolean isArray() {
        return node.isArray();
    }

    public boolean isText() {
        return node.isTextual();
    }

    public boolean isInteger() {
        return node.isIntegralNumber();
    }

    public Json get(String field) {
        JsonNode value = node.get(field);
        return new Json(value == null ? MissingNode.getInstance() : value, path + "." + field);
    }

    public boolean has(String field) {
        return node.hasNonNull(field);
    }

    public Optional<Json> optional(String field) {
        return has(field) ? Optional.of(get(field)) : Optional.empty();
    }

    public <T> Optional<T> optional(String field, Function<Json, T> decode) {
        return optional(field).map(decode);
    }

    /** The elements of an array; none of what is missing. */
    public List<Json> items() {
        if (isNull()) {
            return List.of();
        }
        require(node.isArray(), "an array");
        List<Json> items = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            items.add(new Json(node.get(i), path + "[" + i + "]"));
        }
        return items;
    }

    public <T> List<T> list(Function<Json, T> decode) {
        return items().stream().map(decode).toList();
    }

    /** The fields of an object, in order; none of what is missing. */
    public <T> Map<String, T> map(Function<Json, T> decode) {
        Map<String, T> map = new LinkedHashMap<>();
        if (!isNull()) {
            require(node.isObject(), "an object");
            node.fieldNames().forEachRemaining(name -> map.put(name, decode.apply(get(name))));
        }
        return map;
    }

    public String text() {
        require(node.isTextual(), "a text");
        return node.textValue();
    }

    public boolean bool() {
        require(node.isBoolean(), "true or false");
        return node.booleanValue();
    }

    /** An integer; one that is larger than a long is cut to the nearest. */
    public long integer() {
        require(node.isIntegralNumber(), "an integer");
        BigInteger value = node.bigIntegerValue();
        return value.bitLength() < Long.SIZE ? value.longValue()
            : value.signum() > 0 ? Long.MAX_VALUE : Long.MIN_VALUE;
    }

    /** A number, or the name of one that JSON cannot write. */
    public double real() {
        if (node.isTextual()) {
            return switch (node.textValue()) {
                case "Infinity" -> Double.POSITIVE_INFINITY;
                case "-Infinity" -> Double.NEGATIVE_INFINITY;
                case "NaN" -> Double.NaN;
                default -> throw error("a number");
            };
        }
        require(node.isNumber(), "a number");
        return node.doubleValue();
    }

    /** The variant of a union: its name and value, by any of the three encodings that PyTorch has used. */
    public Variant variant() {
        require(node.isObject(), "an object");
        if (node.has("$type")) {
            String name = get("$type").text();
            return new Variant(name, new Json(get("$value").node(), path + "." + name));
        }
        List<String> set = new ArrayList<>();
        node.fieldNames().forEachRemaining(name -> {
            if (node.hasNonNull(name)) {
                set.add(name);
            }
        });
        if (set.size() != 1) {
            throw error("one variant, not " + (set.isEmpty() ? "none" : set));
        }
        return new Variant(set.getFirst(), get(set.getFirst()));
    }

    /** A member of a union. */
    public record Variant(String name, Json value) {
        public KilnException.Unsupported unknown(String what) {
            return new KilnException.Unsupported(value.path() + ": " + what + " '" + name + "' is not supported");
        }
    }

    private void require(boolean holds, String expected) {
        if (!holds) {
            throw error(expected);
        }
    }

    public KilnException.BadInput error(String expected) {
        String found = node.isMissingNode() ? "nothing" : node.toString();
        String shown = found.length() > 60 ? found.substring(0, 60) + "..." : found;
        return new KilnException.BadInput(path + ": " + expected + " expected, found " + shown);
    }
}
