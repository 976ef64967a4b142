package dev.kiln.stages.trace.pt2.schema;

import dev.kiln.stages.trace.pt2.schema.Json.Variant;
import java.util.OptionalLong;

/** Reads graphs, their nodes and the metadata of their values. */
final class GraphReader {
    private GraphReader() {
    }

    static ProgramGraph read(Json json) {
        return new ProgramGraph(json.get("inputs").list(ArgumentReader::read),
            json.get("outputs").list(ArgumentReader::read), json.get("nodes").list(GraphReader::node),
            json.get("tensor_values").map(GraphReader::tensor),
            json.get("sym_int_values").map(GraphReader::size));
    }

    private static ProgramNode node(Json json) {
        return new ProgramNode(json.get("target").text(), json.get("inputs").list(GraphReader::input),
            json.get("outputs").list(ArgumentReader::read), SourceName.of(json));
    }

    private static ProgramNode.Input input(Json json) {
        return new ProgramNode.Input(json.optional("name", Json::text).orElse(""),
            ArgumentReader.read(json.get("arg")));
    }

    /** In schema 1 the metadata lies one level deeper. */
    static TensorMeta tensor(Json json) {
        Json meta = json.optional("meta").orElse(json);
        SizeExpr offset = meta.optional("storage_offset", GraphReader::size).orElse(new SizeExpr.Known(0));
        return new TensorMeta(ArgumentReader.enumeration(meta.get("dtype")),
            meta.get("sizes").list(GraphReader::size), meta.get("strides").list(GraphReader::size), offset,
            meta.optional("layout", ArgumentReader::enumeration).orElse(TensorMeta.STRIDED));
    }

    static SizeExpr size(Json json) {
        if (json.isInteger()) {
            return new SizeExpr.Known(json.integer());
        }
        Variant variant = json.variant();
        return switch (variant.name()) {
            case "as_int" -> new SizeExpr.Known(variant.value().integer());
            case "as_expr" -> expression(variant.value());
            default -> throw variant.unknown("size");
        };
    }

    private static SizeExpr expression(Json json) {
        if (json.isText()) {
            return new SizeExpr.Expression(json.text(), OptionalLong.empty());
        }
        return new SizeExpr.Expression(json.get("expr_str").text(),
            json.optional("hint").map(GraphReader::hint).orElse(OptionalLong.empty()));
    }

    private static OptionalLong hint(Json json) {
        if (json.isInteger()) {
            return OptionalLong.of(json.integer());
        }
        Variant variant = json.variant();
        return variant.name().equals("as_int") ? OptionalLong.of(variant.value().integer()) : OptionalLong.empty();
    }
}
