package dev.kiln.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.stages.autograd.DefaultPartitioner;
import dev.kiln.stages.autograd.MinCutPartitioner;
import dev.kiln.stages.autograd.PartitionOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionTableTest {
    @ParameterizedTest
    @ValueSource(strings = {"layer_norm_mlp", "attention", "sin_cos", "gpt_block", "conv_bn_relu", "lstm_step",
        "swiglu_mlp", "rms_norm"})
    void theCutSavesNoMoreThanFunctorchs(String model) {
        PartitionTable.Bytes cut = PartitionTable.saved(PartitionModels.all().get(model),
            new MinCutPartitioner(PartitionOptions.defaults()));
        assertThat(cut.computed()).isLessThanOrEqualTo(PartitionTable.FUNCTORCH.get(model).cut().computed());
        assertThat(cut.all()).isLessThanOrEqualTo(PartitionTable.FUNCTORCH.get(model).cut().all());
        assertThat(cut.computed()).isLessThanOrEqualTo(PartitionTable.saved(PartitionModels.all().get(model),
            new DefaultPartitioner()).computed());
    }
}
