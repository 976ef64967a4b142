package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.stages.oracle.SampleValues.Range;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Hand-made samples ({@link SampleText}), one line an op, and which values and tolerances an op needs. */
final class SampleTable {
    private static final String TABLE = """
        gelu.default: T[3,5], "tanh"; T[4], "none"
        leaky_relu.default: T[3,5], 0.2
        elu.default: T[3,5], 0.5, 2.0, 0.7
        celu.default: T[3,5], 0.5
        hardtanh.default: T[3,5], -2, 3
        softplus.default: T[3,5], 2.0, 5.0
        hardshrink.default: T[3,5], 1.0
        softshrink.default: T[3,5], 1.0
        round.decimals: T[3,5], 1; T[4], 0; T[7], -1
        logit.default: T[3,5], 0.1; P[6]
        nan_to_num.default: T[3,5], 7.0, 8.0, -9.0
        add.Tensor: T[3,5], T[5], 2; T[3,5], T[3,5], -3; T[2], T[2], 0.5
        sub.Tensor: T[3,5], T[5], 2; T[2], T[2], 0.5
        add.Scalar: T[3,5], 7, 2; T[4], 1.5
        sub.Scalar: T[3,5], 7, 2; T[4], 1.5
        rsub.Scalar: T[3,5], 7, 2; T[4], 1.5; T[4], 3
        rsub.Tensor: T[3,5], T[3,5], 2
        div.Tensor_mode: T[3,5], P[5], "floor"; T[3,5], P[5], "trunc"; T[3], P[3], none; F[9], F[9], "floor"
        div.Scalar_mode: T[3,5], 3, "floor"; T[3,5], -3, "trunc"; T[3], 2, none; T[3,5], -1.5, "floor"
        pow.Tensor_Scalar: T[9], 2; T[9], 3; T[9], 0; T[9], 1; T[9], 5; T[9], 0.5; T[9], -0.5; T[9], -1; T[9], -2; T[9], 2.5; T[9], -1.0
        pow.Scalar: 2, T[9]; 2.5, T[9]; 1, T[9]
        clamp.default: T[3,5], -1, 2; T[9], none, 0.5; T[9], -1.5, none; T[9], 3, 1
        clamp.Tensor: T[3,5], T[5], T[3,1]; T[9], none, T[9]; T[9], T[], none
        addcmul.default: T[3,5], T[5], T[3,1], 2
        addcdiv.default: T[3,5], T[5], P[3,1], 2
        where.self: b[3,5], T[5], T[3,1]; b[], T[4], T[]
        where.ScalarSelf: b[3,5], 2, T[5]; b[4], 1.5, T[4]
        where.ScalarOther: b[3,5], T[5], 2; b[4], T[4], -inf
        where.Scalar: b[3,5], 1, 2; b[4], 1.5, 2
        masked_fill.Scalar: T[3,5], b[5], 2; T[3,5], b[3,1], -inf; T[2,3], b[2,3], 1.5
        masked_fill.Tensor: T[3,5], b[5], T[]; T[5], b[3,1], T[]
        lerp.Scalar: T[3,5], T[5], 0.3; T[4], T[4], 0.9
        _to_copy.default: T[9], f32; T[9], f64; T[9], i32; T[9], i64; T[9], u8; T[9], b8; T[9], i8; T[9], i16; T[9], bf16; T[9], f16; Tt[2,3], none
        to.dtype: T[9], f32; T[9], f64; T[9], i32; T[9], i64; T[9], u8; T[9], b8; T[9], bf16; T[9], f16
        view.default: T[2,3,4], [6,4]; T[2,3,4], [-1]; T[], [1,1]; T[0,3], [3,0]; T[4], [2,-1]
        _unsafe_view.default: T[2,3,4], [6,4]; T[2,6], [-1,3]
        reshape.default: T[2,3,4], [4,6]; Tt[3,4], [2,6]; Ts[3,4], [-1]; T[0,3], [-1,3]
        expand.default: T[3,1], [3,4]; T[3], [2,3]; T[1,3], [-1,-1]; T[], [2]; T[1], [0]
        broadcast_to.default: T[3,1], [2,3,4]
        permute.default: T[2,3,4], [2,0,1]; T[2,3], [-1,0]; T[], []
        transpose.int: T[2,3,4], 0, 2; T[2,3], -1, 0; T[], 0, -1
        t.default: T[2,3]; T[4]; T[]
        unsqueeze.default: T[2,3], 0; T[2,3], -1; T[2,3], 1; T[], 0; Tt[2,3], 2
        squeeze.default: T[1,3,1]; T[2]; T[]
        squeeze.dim: T[1,3,1], 0; T[1,3], -1; T[], 0
        squeeze.dims: T[1,3,1], [0,2]; T[1,3], [0,1]; T[1,1], [-1]
        slice.Tensor: T[5,4], 0, 1, 3; T[5,4], -1, none, none, 2; T[5], 0, -3, -1; T[5], 0, 7, 9; T[5], 0, 3, 1; Tt[5,4], 1, 1, 100, 2; T[5], 0, -100, 3
        select.int: T[5,4], 0, 1; T[5,4], -1, -1; Tt[5,4], 1, 2
        sum.dim_IntList: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[2,3], none; T[0,3], [0]; T[], [0]; T[5,1], [1], true, i64; T[4,5], [0], false, f64; Tt[4,5], [1]; T[3,40], [1]; T[2,3], []
        mean.dim: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[2,3], none; T[0,3], [0]; T[], [0]; T[4,5], [0], false, f64; Tt[4,5], [1]; T[3,40], [1]; T[3], [0], false, f32
        amax.default: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[2,3], []; T[], []; Tt[4,5], [1]; T[0,3], [1]; T[3,40], [1]
        amin.default: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[2,3], []; T[], []; Tt[4,5], [1]; T[0,3], [1]; T[3,40], [1]
        any.dims: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[2,3], none; T[0,3], [0]; Tt[4,5], [1]; b[3,4], [0]
        all.dims: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[2,3], none; T[0,3], [0]; Tt[4,5], [1]; b[3,4], [0]
        any.default: T[2,3]; T[0]; T[]; b[4]
        all.default: T[2,3]; T[0]; T[]; b[4]
        any.dim: T[2,3], 1; T[2,3], 0, true; b[2,3], -1
        all.dim: T[2,3], 1; T[2,3], 0, true; b[2,3], -1
        prod.dim_int: T[2,3,4], 1; T[2,3], -1, true; T[0,3], 0; T[], 0; T[4], 0, false, i64; Tt[3,4], 1
        prod.default: T[2,3]; T[]; T[0]; T[3], f64
        argmax.default: T[2,3,4], 1; T[2,3,4], -1, true; T[3,4]; T[], 0; Tt[3,4], 0; T[5,1], 1; T[2,2], none, true
        argmin.default: T[2,3,4], 1; T[2,3,4], -1, true; T[3,4]; T[], 0; Tt[3,4], 0; T[5,1], 1; T[2,2], none, true
        max.dim: T[2,3,4], 1; T[2,3], -1, true; Tt[3,4], 0; T[], 0
        min.dim: T[2,3,4], 1; T[2,3], -1, true; Tt[3,4], 0; T[], 0
        max.default: T[2,3]; T[]; Tt[3,4]
        min.default: T[2,3]; T[]; Tt[3,4]
        aminmax.default: T[2,3]; T[2,3], 1; T[2,3], -1, true
        sum.default: T[2,3]; T[]; T[0]; T[4], f64; Tt[3,4]
        mean.default: T[2,3]; T[]; T[0]; T[4], f64; Tt[3,4]
        count_nonzero.dim_IntList: T[3,4], [1]; T[3,4], [0,1]
        var.correction: T[2,3,4], [1]; T[2,3,4], [-1,0], 0, true; T[5]; T[3,4], none, 2; T[1,3], [0]; T[3,4], [1], 0.5; T[3,40], [-1]
        std.correction: T[2,3,4], [1]; T[2,3,4], [-1,0], 0, true; T[5]; T[3,40], [-1]
        var_mean.correction: T[2,3,4], [1]; T[2,3,4], [-1,0], 0, true; T[5]
        std_mean.correction: T[2,3,4], [1]; T[2,3,4], [-1,0], 0, true; T[5]
        logsumexp.default: T[2,3,4], [1]; T[2,3,4], [-1,0], true; T[3,40], [1]; T[], [0]
        linalg_vector_norm.default: T[2,3]; T[2,3], 1, [1]; T[2,3], inf, [0], true; T[2,3], -inf, [1]; T[2,3], 0, [1]; T[2,3], 3, [1]; T[4], 2, none, false, f64
        norm.ScalarOpt_dim: T[2,3], 2, [1]; T[2,3], none, [0], true; T[2,3], 1, [0,1]
        norm.Scalar: T[2,3]; T[2,3], 1; T[4], 3
        _softmax.default: T[2,3,4], 1, false; T[2,3], -1, false; T[3,40], 1, false; T[], 0, false; Tt[4,5], 1, false; T[2,0], 1, false; T[4,5], 0, false
        _log_softmax.default: T[2,3,4], 1, false; T[2,3], -1, false; T[3,40], 1, false; T[], 0, false; Tt[4,5], 1, false; T[4,5], 0, false
        softmax.int: T[2,3], -1; T[2,3], 0, f64; T[2,3], 1, f32
        log_softmax.int: T[2,3], -1; T[2,3], 0, f64
        native_layer_norm.default: T[2,3,8], [8], T[8], T[8], 0.00001; T[2,3,4], [3,4], none, none, 0.001; Tt[6,5], [5], T[5], none, 0.1; T[0,4], [4], T[4], T[4], 0.1
        layer_norm.default: T[2,3,8], [8], T[8], T[8], 0.00001; T[2,3,4], [3,4]
        rms_norm.default: T[2,3,8], [8], T[8], 0.00001; T[2,8], [8]; T[2,3,4], [3,4], T[3,4], 0.1
        native_group_norm.default: T[2,4,6], T[4], T[4], 2, 4, 6, 2, 0.001; T[2,4,2,3], none, none, 2, 4, 6, 4, 0.001
        group_norm.default: T[2,4,6], 2, T[4], T[4], 0.001; T[2,4,2,3], 1; T[3,6], 3
        _native_batch_norm_legit_no_training.default: T[2,3,4], T[3], T[3], T[3], P[3], 0.1, 0.001; T[4,3], none, none, T[3], P[3], 0.1, 0.001; T[2,3,2,2], T[3], none, T[3], P[3], 0.1, 0.001
        batch_norm.default: T[2,3,4], T[3], T[3], T[3], P[3], false, 0.1, 0.001, true
        cat.default: [T[2,3], T[2,3]], 0; [T[2,3], T[2,5], T[2,1]], -1; [T[3], i[2]<9], 0; [T[0], T[2,3]], 1; [Tt[2,3], T[2,3]], 1; [T[2,3]], 0; [T[0,3], T[2,3]], 0
        stack.default: [T[2,3], T[2,3]], 0; [T[2,3], Tt[2,3], T[2,3]], -1; [T[], T[]], 0; [T[4]], 1
        embedding.default: T[5,3], i[2,4]<5; T[5,3], j[4]<5, 1; T[5,3], i[]<5; T[5,0], i[2]<5
        index_select.default: T[5,3], 0, i[4]<5; T[5,3], -1, j[2]<3; T[5], 0, i[]<5; Tt[5,3], 1, i[7]<3; T[5,3], 0, i[0]<5
        gather.default: T[5,3], 0, i[2,3]<5; T[5,3], -1, i[5,2]<3; T[5,3], 1, i[4,1]<3; T[4], 0, i[6]<4; T[], 0, i[]<1; Tt[5,3], 0, i[2,2]<5
        scatter.src: T[5,3], 0, i[2,3]<5, T[2,3]; T[5,3], 1, i[4,2]<3, T[4,3]; T[4], -1, i[6]<4, T[6]; T[5,3], 0, i[0,3]<5, T[2,3]
        scatter.value: T[5,3], 0, i[2,3]<5, 7; T[4], 0, i[6]<4, 1; T[5,3], 1, i[2,2]<3, 2.5
        scatter_add.default: T[5,3], 0, i[2,3]<5, T[2,3]; T[5,3], 1, i[4,7]<3, T[4,8]; T[4], 0, i[6]<4, T[6]
        index_add.default: T[5,3], 0, i[4]<5, T[4,3]; T[5,3], 1, i[2]<3, T[5,2], 2
        index.Tensor: T[5,3], [i[4]<5]; T[5,3], [none, i[2,2]<-3:3]; T[4,5,6], [i[3]<4, i[3]<-5:5]; T[4,5,6], [i[2,1]<4, none, i[3]<6]; T[4,5,6], [none, i[2]<5, j[2]<6]; T[5,3], [i[]<5]; Tt[5,3], [i[2]<5, i[2]<3]
        index_put.default: T[5,3], [i[4]<5], T[4,3]; T[5,3], [none, i[2]<-3:3], T[5,2]; T[4,5], [i[3]<4, i[3]<5], T[3], true; T[4,5,6], [none, i[2]<5], T[6]; T[5,3], [i[2]<5], T[], true
        slice_scatter.default: T[5,4], T[2,4], 0, 1, 3; T[5,4], T[5,2], -1, none, none, 2; T[5], T[2], 0, -3, -1; T[7], T[2], 0, 1, 6, 3
        select_scatter.default: T[5,4], T[4], 0, 1; T[5,4], T[5], -1, -1
        constant_pad_nd.default: T[2,3], [1,2]; T[2,3], [1,0,0,2], 7; T[4,5], [-1,-2]; T[2,3], [2,-1,-1,3], 1; T[3], [0,0]; T[2,0], [1,1], 3; T[2,3], [1,1], -inf
        flip.default: T[2,3,4], [0]; T[2,3,4], [-1,1]; T[4], []; Tt[3,4], [0]; T[0,3], [0]
        full.default: [2,3], 7; [2], 1.5; [], 1; [0,2], 3; [2], 7, f64; [3], 2.5, i64; [2], 1, b8; [2], inf
        zeros.default: [2,3]; [2], i64; []
        ones.default: [2,3]; [2], b8; []
        empty.memory_format: [2,3]; [2], i64
        zeros_like.default: T[2,3]; T[2], f64
        ones_like.default: T[2,3]; T[2], f64
        empty_like.default: T[2,3]; T[2], f64
        full_like.default: T[2,3], 7; T[2], 1.5, f64
        new_zeros.default: T[2], [3,4]; T[2], [3], f64
        new_ones.default: T[2], [3,4]; T[2], [3], f64
        new_empty.default: T[2], [3,4]
        new_full.default: T[2], [3,4], 5; T[2], [3], 1.5, f64
        fill.Scalar: T[2,3], 1
        scalar_tensor.default: 7; 1.5, f64; 3, i64
        arange.default: 7; 5.5; 4, f32; 0
        arange.start: 2, 7; 1.5, 5.0; 3, 6, f64; 4, 4
        arange.start_step: 2, 9, 3; 9, 2, -2; 0.0, 1.0, 0.25; 1, 7, 2, f32; 5, 0, -1
        eye.default: 3; 2, i64
        eye.m: 3, 4; 2, 0
        mm.default: T[3,4], T[4,5]; Tt[3,4], Tt[4,2]; T[1,7], T[7,1]; T[0,3], T[3,2]; T[3,0], T[0,2]; T[9,33], T[33,17]
        bmm.default: T[2,3,4], T[2,4,5]; T[0,3,4], T[0,4,5]; T[3,1,8], T[3,8,1]; Ts[2,3,4], T[2,4,6]
        matmul.default: T[3,4], T[4,5]; T[4], T[4]; T[3,4], T[4]; T[4], T[4,5]; T[2,3,4], T[4,5]; T[3,4], T[2,4,5]; T[2,1,3,4], T[5,4,2]; T[2,3,4], T[4]; T[4], T[2,4,5]; T[0,3,4], T[4,5]; T[1,3,4], T[1,4,5]; Tt[4,3,4], T[4,5]
        addmm.default: T[5], T[3,4], T[4,5]; T[3,5], T[3,4], T[4,5], 2, 3; T[], T[3,4], T[4,5], 0, 1; T[3,1], T[3,4], T[4,5]; T[5], T[3,4], Tt[4,5], 0.5, 1.5
        baddbmm.default: T[2,3,5], T[2,3,4], T[2,4,5]; T[5], T[2,3,4], T[2,4,5], 2, 3
        addmv.default: T[3], T[3,4], T[4]; T[3], T[3,4], T[4], 2, 3
        mv.default: T[3,4], T[4]
        dot.default: T[7], T[7]; T[0], T[0]
        vdot.default: T[7], T[7]
        outer.default: T[3], T[4]
        linear.default: T[3,4], T[5,4]; T[2,3,4], T[5,4], T[5]; T[4], T[5,4], T[5]; Tt[3,4], Tt[5,4], T[5]; T[0,4], T[5,4], T[5]; T[9,33], T[17,33], T[17]
        scaled_dot_product_attention.default: T[2,3,5,4], T[2,3,6,4], T[2,3,6,4]; T[2,3,5,4], T[2,3,5,4], T[2,3,5,4], none, 0.0, true; T[2,3,5,4], T[2,3,6,4], T[2,3,6,7], b[5,6]; T[2,3,5,4], T[2,3,6,4], T[2,3,6,4], T[2,1,5,6], 0.0, false, 0.3; T[2,4,5,8], T[2,2,6,8], T[2,2,6,8], none, 0.0, false, none, true; T[5,4], T[6,4], T[6,4]; T[3,5,4], T[3,6,4], T[3,6,4], b[1,6]
        split.Tensor: T[7,2], 3; T[2,6], 2, -1; T[4], 9; Tt[6,4], 4, 0
        split_with_sizes.default: T[7,2], [3,0,4]; T[2,6], [1,5], -1
        chunk.default: T[7,2], 3; T[2,6], 4, -1; T[2], 5
        unbind.int: T[3,2]; T[2,3], -1; Tt[2,3], 1
        repeat.default: T[2,3], [2,2]; T[3], [4,2,1]; T[], [3]; T[2,3], [1,0]; Tt[2,3], [2,1]
        tile.default: T[2,3], [2,2]; T[2,3], [2]; T[3], [2,1]
        repeat_interleave.self_int: T[2,3], 2; T[2,3], 3, 0; T[2,3], 2, -1
        roll.default: T[5,3], [2], [0]; T[5,3], [-1,7], [1,0]; T[5,3], [4]; T[3], [0], [0]; T[0,3], [1], [0]
        flatten.using_ints: T[2,3,4]; T[2,3,4], 1; T[2,3,4], 0, 1; T[]
        unflatten.int: T[2,12], 1, [3,4]; T[12], 0, [-1,4]
        movedim.int: T[2,3,4], 0, 2; T[2,3,4], -1, 0
        narrow.default: T[5,4], 0, 1, 3; T[5,4], -1, 0, 2
        pixel_shuffle.default: T[2,8,2,3], 2; T[9,2,2], 3
        sort.default: T[9]; T[3,7], 1, true; T[3,7], 0; Tt[3,7], -1; T[4,1], 1; T[]; T[2,0]
        sort.stable: T[3,7], true, 1, true; T[9], true
        argsort.default: T[3,7]
        topk.default: T[9], 3; T[3,7], 2, 1, false; T[3,7], 3, 0; T[5], 0; T[4], 4
        cumsum.default: T[9], 0; T[3,4], 1; T[3,4], 0, f64; T[], 0; Tt[3,4], 0; T[0], 0
        cumprod.default: T[5], 0; T[3,4], 1
        tril.default: T[4,5]; T[2,3,3], 1; T[4,4], -2; Tt[3,4]
        triu.default: T[4,5]; T[2,3,3], 1; T[4,4], -2; Tt[3,4]
        glu.default: T[3,4]; T[4,3], 0
        prelu.default: T[3,4], T[1]; T[2,3,4], T[3]; T[4], T[1]; T[], T[1]
        log_sigmoid_forward.default: T[3,4]
        dropout.default: T[3,4], 0.5, false
        """;

    private static final Map<String, List<String>> SAMPLES = parse();

    private static final Set<String> DIVISIONS = Set.of("floor_divide", "remainder", "fmod", "div");

    /** Statistics and attention: libtorch's fused kernels treat NaN and infinities in their own ways. */
    private static final Set<String> FINITE = Set.of("native_layer_norm", "layer_norm", "native_group_norm", "group_norm",
        "var", "std", "var_mean", "std_mean", "scaled_dot_product_attention", "topk");

    /** Matrix products of truth values, which libtorch takes only if they are empty. */
    private static final Set<String> NO_TRUTH = Set.of("mm", "bmm", "matmul", "linear");

    private static final Set<String> CASTS = Set.of("_to_copy", "to");

    /** Functions whose libtorch kernels are a few units in the last place off, or that amplify rounding. */
    private static final Map<String, Double> SLACK = Map.of();

    private SampleTable() {
    }

    private static Map<String, List<String>> parse() {
        Map<String, List<String>> samples = new HashMap<>();
        TABLE.lines().forEach(line -> {
            int colon = line.indexOf(':');
            List<String> items = Arrays.stream(line.substring(colon + 1).split(";")).map(String::strip).toList();
            samples.put("aten." + line.substring(0, colon), items);
        });
        return samples;
    }

    static List<String> of(String op) {
        return SAMPLES.getOrDefault(op, List.of());
    }

    /** What the tensor at an argument's position may hold. */
    static Range range(OpOverload op, int position) {
        String packet = op.packet();
        if (DIVISIONS.contains(packet) && position == 1) {
            return Range.DIVISOR;
        }
        if (CASTS.contains(packet) || FINITE.contains(packet)) {
            return Range.FINITE;
        }
        if (packet.equals("pow")) {
            return op.name().endsWith("pow.Tensor_Tensor") && position == 0 ? Range.ANY : Range.SMALL;
        }
        if (packet.endsWith("_shift") && position == 1) {
            return Range.SHIFT;
        }
        return op.kind() == OpKind.ELEMENTWISE ? Range.ANY : Range.MODERATE;
    }

    /** A number for a required parameter of an elementwise op; varies with the turn. */
    static String number(OpOverload op, String parameter, DType dtype, int turn) {
        if (op.packet().endsWith("_shift")) {
            return "3";
        }
        List<String> integers = List.of("2", "3", "5");
        List<String> numbers = List.of("2", "-3", "1.5", "-0.5");
        if (parameter.equals("dtype")) {
            return "f64";
        }
        if (parameter.equals("rounding_mode")) {
            return List.of("none", "\"floor\"", "\"trunc\"").get(turn % 3);
        }
        boolean integral = dtype.kind() != DType.Kind.FLOATING;
        return integral ? integers.get(turn % integers.size()) : numbers.get(turn % numbers.size());
    }

    static double slack(OpOverload op) {
        return SLACK.getOrDefault(op.packet(), 1.0);
    }

    static boolean takes(OpOverload op, DType dtype) {
        return dtype != DType.BOOL || !NO_TRUTH.contains(op.packet());
    }

    /** False for outputs whose content is unspecified: of empty tensors, and the places of equal elements. */
    static boolean comparable(OracleCase sample, int output) {
        String packet = sample.op().packet();
        boolean ties = sample.operands().values().stream().noneMatch(o -> o.value().dtype().isFloating());
        return !packet.contains("empty") && !(packet.equals("topk") && output == 1 && ties);
    }
}
