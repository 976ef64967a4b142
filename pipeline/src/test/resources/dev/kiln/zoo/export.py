"""Exports models with random weights to ONNX: FOLDER/NAME.onnx, with an input NAME.x.npy and its output NAME.y.npy."""
import sys
import warnings

import numpy
import torch
import torchvision.models as zoo
from torch import nn

warnings.filterwarnings("ignore")


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 128, 2, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.head(y[:, -1])


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2)
                   for t in self.qkv(self.norm1(x)).split(width, 2))
        scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5
        mask = torch.tril(torch.ones(length, length))
        weights = scores.masked_fill(mask == 0, float("-inf")).softmax(-1)
        x = x + self.project((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, width=384, layers=6):
        super().__init__()
        self.tokens, self.places = nn.Embedding(5000, width), nn.Embedding(256, width)
        self.blocks = nn.Sequential(*(Block(width, 6) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 5000, bias=False)

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def image():
    return torch.randn(1, 3, 224, 224)


MODELS = {
    "resnet18": (zoo.resnet18, image),
    "mobilenet_v3_small": (zoo.mobilenet_v3_small, image),
    "efficientnet_b0": (zoo.efficientnet_b0, image),
    "convnext_tiny": (zoo.convnext_tiny, image),
    "swin_t": (zoo.swin_t, image),
    "vit_b_16": (zoo.vit_b_16, image),
    "densenet121": (zoo.densenet121, image),
    "shufflenet_v2_x1_0": (zoo.shufflenet_v2_x1_0, image),
    "resnext50_32x4d": (zoo.resnext50_32x4d, image),
    "squeezenet1_1": (zoo.squeezenet1_1, image),
    "lstm": (Lstm, lambda: torch.randn(2, 32, 64)),
    "gpt": (Gpt, lambda: torch.randint(0, 5000, (1, 128))),
}


def export(name, folder):
    build, example = MODELS[name]
    torch.manual_seed(0)
    model, x = build().eval(), example()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    # With gradients on, or PyTorch 1.13 traces its fused attention, which ONNX does not have.
    torch.onnx.export(model, x, f"{folder}/{name}.onnx", opset_version=16, input_names=["x"], output_names=["y"])
    with torch.no_grad():
        numpy.save(f"{folder}/{name}.y.npy", model(x).numpy())
    numpy.save(f"{folder}/{name}.x.npy", x.numpy())


for wanted in sys.argv[2:]:
    export(wanted, sys.argv[1])
