package dev.kiln.stages.trace.pt2.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourceNameTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"source_fn_stack\": \"layer,<class 'Block'>;fc,<class 'torch.nn.modules.linear.Linear'>\"} | fc",
        "{\"source_fn_stack\": \"relu,torch.nn.functional.relu\", \"stack_trace\": \"File...\"} | relu",
        "{\"source_fn\": \"conv1\"} | conv1",
        "{\"source_fn_stack\": 3} | ``",
        "{} | ``",
        "null | ``"})
    void isTheInnermostFunction(String metadata, String name) {
        String graph = """
            {"inputs": [], "outputs": [], "tensor_values": {}, "sym_int_values": {}, "nodes": [
              {"target": "torch.ops.aten.relu.default", "inputs": [], "outputs": [], "metadata": %s}]}
            """.formatted(metadata);
        Json json = Json.parse("graph", graph.getBytes(StandardCharsets.UTF_8));
        assertThat(GraphReader.read(json).nodes().getFirst().source()).isEqualTo(name);
    }
}
