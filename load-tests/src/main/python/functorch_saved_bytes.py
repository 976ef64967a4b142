"""Print what functorch 1.13's partitioners save for the backward graphs of a few models.

usage: /usr/bin/python3 functorch_saved_bytes.py
A line a model: name, then for the default and the min-cut partitioner the bytes saved besides inputs and with them.
Needs Debian's python3-torch and python3-networkx. The models are those of dev.kiln.bench.PartitionModels.
"""
import warnings
import torch
from functorch.compile import aot_function
from functorch._src.partitioners import default_partition, min_cut_rematerialization_partition

warnings.filterwarnings("ignore")
F = torch.nn.functional


def leaf(*sizes):
    return torch.randn(*sizes, requires_grad=True)


def layer_norm_mlp(x, g, b, w1, b1, w2, b2):
    return F.linear(F.gelu(F.linear(F.layer_norm(x, [256], g, b), w1, b1)), w2, b2)


def attention(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) * 0.125, -1) @ v


def sin_cos(x):
    for _ in range(4):
        x = x.sin().cos()
    return x


def gpt_block(x, g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2):
    h = F.linear(F.layer_norm(x, [256], g1, b1), wqkv, bqkv)
    q, k, v = (t.view(2, 128, 8, 32).transpose(1, 2) for t in h.split(256, 2))
    a = attention(q, k, v).transpose(1, 2).reshape(2, 128, 256)
    x = x + F.linear(a, wo, bo)
    return x + F.linear(F.gelu(F.linear(F.layer_norm(x, [256], g2, b2), w1, c1)), w2, c2)


def conv_bn_relu(x, w, g, b):
    return torch.relu(F.batch_norm(F.conv2d(x, w, padding=1), None, None, g, b, training=True))


def lstm_step(x, h, c, wi, wh, bias):
    i, f, g, o = (F.linear(x, wi, bias) + F.linear(h, wh)).split(128, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c)


def swiglu_mlp(x, w1, w3, w2):
    return F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2)


def rms_norm(x, g):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * g


MODELS = {
    "layer_norm_mlp": (layer_norm_mlp, leaf(512, 256), leaf(256), leaf(256), leaf(1024, 256), leaf(1024),
                       leaf(256, 1024), leaf(256)),
    "attention": (attention, leaf(4, 8, 128, 64), leaf(4, 8, 128, 64), leaf(4, 8, 128, 64)),
    "sin_cos": (sin_cos, leaf(1 << 20)),
    "gpt_block": (gpt_block, leaf(2, 128, 256), leaf(256), leaf(256), leaf(768, 256), leaf(768), leaf(256, 256),
                  leaf(256), leaf(256), leaf(256), leaf(1024, 256), leaf(1024), leaf(256, 1024), leaf(256)),
    "conv_bn_relu": (conv_bn_relu, leaf(4, 16, 32, 32), leaf(32, 16, 3, 3), leaf(32), leaf(32)),
    "lstm_step": (lstm_step, leaf(64, 96), leaf(64, 128), leaf(64, 128), leaf(512, 96), leaf(512, 128), leaf(512)),
    "swiglu_mlp": (swiglu_mlp, leaf(256, 256), leaf(688, 256), leaf(688, 256), leaf(256, 688)),
    "rms_norm": (rms_norm, leaf(512, 256), leaf(256)),
}


def saved_bytes(function, args, partitioner):
    seen = {}

    def keep(graph, inputs):
        seen["graph"], seen["inputs"] = graph, inputs
        return graph

    aot_function(function, lambda graph, inputs: graph, keep, partition_fn=partitioner)(*args).sum().backward()
    names = [n.target for n in seen["graph"].graph.nodes if n.op == "placeholder"]
    sizes = [(n, t.numel() * t.element_size()) for n, t in zip(names, seen["inputs"]) if "tangents" not in n]
    return sum(s for n, s in sizes if "primals" not in n), sum(s for _, s in sizes)


for name, (function, *args) in MODELS.items():
    figures = [saved_bytes(function, args, p) for p in (default_partition, min_cut_rematerialization_partition)]
    print(name, *figures[0], *figures[1])
