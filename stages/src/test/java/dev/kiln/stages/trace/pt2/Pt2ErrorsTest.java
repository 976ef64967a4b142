package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.TracePhase;
import dev.kiln.stages.trace.pt2.archive.ZipWriter;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused, and what the one line says. */
class Pt2ErrorsTest {
    @TempDir
    private static Path folder;

    private static void refused(byte[] archive, Class<? extends KilnException> type, String message) {
        Path file = Pt2Files.write(folder, archive);
        assertThatThrownBy(() -> Pt2Importer.importModel(file, TraceOptions.NONE)).isExactlyInstanceOf(type)
            .hasMessageStartingWith(file.getFileName().toString()).hasMessageContaining(message)
            .message().doesNotContain("\n");
    }

    private static void unsupported(TinyProgram program, String message) {
        refused(Containers.raw(program, Style.PLAIN), KilnException.Unsupported.class, message);
    }

    private static void bad(TinyProgram program, String message) {
        refused(Containers.raw(program, Style.PLAIN), KilnException.BadInput.class, message);
    }

    private static TinyProgram relu() {
        return new TinyProgram().input("x", 2).node("relu.default", "relu", "self", "%x").output("relu");
    }

    @Test
    void namesAllUnknownOperators() {
        unsupported(relu().node("frobnicate.default", "f", "self", "%x")
            .call("torch.ops.higher_order.cond", "[]", "", "{'as_bool':true}").call("#mine:op", "[]")
            .call("torch.ops.mylib.custom.default", "[]"),
            "operators #mine:op, aten.frobnicate.default, higher_order.cond, mylib.custom.default are not supported");
    }

    @Test
    void refusesOtherZipFilesByKind() {
        refused(new ZipWriter(Style.PLAIN).add("m/data.pkl", "").add("m/constants.pkl", "").bytes(),
            KilnException.Unsupported.class, "is a TorchScript file; write the model with torch.export.save");
        refused(new ZipWriter(Style.PLAIN).add("m/data.pkl", "").bytes(), KilnException.Unsupported.class,
            "is a torch.save file");
        refused(new ZipWriter(Style.PLAIN).add("readme.txt", "hello").bytes(), KilnException.BadInput.class,
            "is a ZIP archive, but not one of torch.export.save");
        refused(new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2").add("m/data/aotinductor/model/x.so", "")
            .bytes(),
            KilnException.Unsupported.class, "holds no exported program, only compiled artifacts");
    }

    @ParameterizedTest
    @CsvSource({"archive_version,1,archive version '1' is not supported",
        "byteorder,big,byte order 'big' is not supported"})
    void refusesOtherArchives(String entry, String value, String message) {
        refused(new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2").add("m/" + entry, value)
            .add("m/models/model.json", "{}").bytes(), KilnException.Unsupported.class, message);
    }

    @Test
    void asksWhichOfSeveralPrograms() {
        refused(new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2").add("m/models/a.json", "{}")
            .add("m/models/b.json", "{}").bytes(), KilnException.BadInput.class,
            "holds several programs; choose one (--program NAME): a, b");
    }

    @Test
    void refusesNewerSchemasAndBadJson() {
        TinyProgram newer = relu();
        ((ObjectNode) newer.root.get("schema_version")).put("major", 9);
        unsupported(newer, "version 9 is newer than 8");
        refused(new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2").add("m/models/model.json", "{\"a\": nul}")
            .bytes(), KilnException.BadInput.class, "m/models/model.json does not parse at line 1");
        refused(new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2").add("m/models/model.json", "[".repeat(5000))
            .bytes(), KilnException.BadInput.class, "does not parse");
    }

    @Test
    void saysWhereTheJsonIsWrong() {
        TinyProgram program = relu();
        ((ObjectNode) program.graph().get("nodes").get(0)).put("target", 7);
        bad(program, "graph_module.graph.nodes[0].target: a text expected, found 7");
        TinyProgram two = relu();
        ((ObjectNode) two.graph().get("inputs").get(0)).put("as_int", 1);
        bad(two, "graph_module.graph.inputs[0]: one variant, not [as_tensor, as_int] expected");
    }

    @Test
    void refusesCustomObjectsAndTokens() {
        unsupported(relu().spec("obj", "{'custom_obj':{'arg':{'name':'obj','class_fqn':'a.B'},'custom_obj_name':'q'}}"),
            "input 'q' is of kind custom object");
        unsupported(relu().spec("t", "{'token':{'arg':{'name':'t'}}}"), "input 't' is of kind effect token");
        unsupported(new TinyProgram().input("x", 2).node("relu.default", "relu", "self",
            "{'as_custom_obj':{'name':'o','class_fqn':'torch.Thing'}}").output("relu"), "custom object (torch.Thing)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"9|element type complex32 is not supported",
        "33|element type float8_e8m0fnu is not supported",
        "99|99 is no element type"})
    void namesElementTypes(int dtype, String message) {
        TinyProgram program = new TinyProgram().input(dtype, "x", 2).node("relu.default", "relu", "self", "%x")
            .output("relu");
        Path file = Pt2Files.write(folder, Containers.raw(program, Style.PLAIN));
        assertThatThrownBy(() -> Pt2Importer.importModel(file, TraceOptions.NONE))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("input 'x': " + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"use_pickle|true|is a tensor of a Python subclass",
        "tensor_meta|null|is a custom object"})
    void refusesPickledWeights(String field, String value, String message) {
        TinyProgram program = TinyProgram.linear(2);
        ZipWriter zip = new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2")
            .add("m/models/model.json", Containers.text(program.root));
        ObjectNode entry = TinyProgram.object("{'path_name':'weight_0','is_param':true,'use_pickle':false}");
        entry.set("tensor_meta", TinyProgram.meta(7, 0, java.util.List.of(2, 3), java.util.List.of(3L, 1L)));
        entry.set(field, TinyProgram.json(value));
        ObjectNode table = TinyProgram.object("{'config':{}}");
        ((ObjectNode) table.get("config")).set("fc.weight", entry);
        zip.add("m/data/weights/model_weights_config.json", Containers.text(table)).add("m/data/weights/weight_0",
            new byte[24]);
        refused(zip.bytes(), KilnException.Unsupported.class, message);
    }

    @Test
    void refusesSparseWeightsAndInputs() {
        TinyProgram program = relu();
        ((ObjectNode) program.graph().get("tensor_values").get("x")).put("layout", 2);
        unsupported(program, "input 'x' has a sparse layout");
    }

    @Test
    void refusesWeightsThatAreMissingOrDoNotFit() {
        TinyProgram missing = TinyProgram.linear(2);
        missing.weights.remove("fc.bias");
        bad(missing, "parameter 'fc.bias' is not in the archive");
        TinyProgram shape = TinyProgram.linear(2).value(7, "p_fc_weight", 3, 2);
        bad(shape, "parameter 'fc.weight' is stored as f32[2, 3], the graph declares f32[3, 2]");
        TinyProgram storage = TinyProgram.linear(2).storage("w", 1, 2, 3);
        bad(storage, "does not fit its storage of 12 bytes");
    }

    @Test
    void refusesContradictions() {
        bad(relu().node("exp.default", "relu", "self", "%x"),
            "node 'relu' (aten.exp.default): value 'relu' is defined twice");
        bad(relu().node("exp.default", "e", "self", "%later"), "it reads 'later', which nothing before it defines");
        bad(relu().value(7, "relu", 3), "node 'relu' (aten.relu.default): it gives f32[2], the file says f32 of [3]");
        bad(relu().value(8, "relu", 2), "it gives f32[2], the file says f64 of [2]");
        bad(relu().node("exp.default", "e"), "argument 'self' is missing");
        TinyProgram specs = relu();
        ((ObjectNode) specs.root.get("graph_module").get("signature")).putArray("input_specs");
        bad(specs, "the graph has 1 inputs, its signature 0");
    }

    @Test
    void namesArgumentsItDoesNotKnow() {
        unsupported(relu().node("exp.default", "e", "self", "%x", "speed", "{'as_int':1}"),
            "node 'e' (aten.exp.default): its argument 'speed' is not supported");
    }

    @Test
    void tellsKindsOfModelsByContent() throws IOException {
        byte[] archive = Containers.raw(relu(), Style.PLAIN);
        TracePhase.requireReadable(Files.write(folder.resolve("model.bin"), archive));
        Path empty = Files.write(folder.resolve("empty.pt2"), new byte[0]);
        assertThatThrownBy(() -> TracePhase.requireReadable(empty)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("it is no ZIP archive");
        refused(Arrays.copyOf(archive, archive.length - 30), KilnException.BadInput.class, "the file may be truncated");
    }
}
