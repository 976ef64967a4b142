"""What export.py knows of a model, and its files."""
import dataclasses
import pathlib
import typing

import numpy
import torch
from torch import nn


@dataclasses.dataclass
class Model:
    """How a model is built, and inputs by name for a batch size and a length (image size, sequence length)."""
    build: typing.Callable[[], nn.Module]
    inputs: typing.Callable[[int, int], typing.Dict[str, torch.Tensor]]
    batches: typing.Tuple[int, int] = (2, 3)
    lengths: typing.Tuple[int, int] = (16, 16)
    opset: int = 16

    def open_axes(self):
        """The axes whose sizes follow the batch or the length, with a name for each size that differs."""
        plain = self.inputs(self.batches[0], self.lengths[0])
        axes = {}
        for name, batch, length in (("batch", self.batches[1], self.lengths[0]),
                                    ("length", self.batches[0], self.lengths[1])):
            for key, other in self.inputs(batch, length).items():
                for axis, (a, b) in enumerate(zip(plain[key].shape, other.shape)):
                    if a != b:
                        base = self.batches[0] if name == "batch" else self.lengths[0]
                        axes.setdefault(key, {})[axis] = name if a == base else f"{name}_{a}"
        return axes


class View(nn.Module):
    """Gives the features of a batch the sizes of an image."""

    def __init__(self, *sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, x):
        return x.view(x.size(0), *self.sizes)


def images(channels=3):
    return lambda batch, size: {"x": torch.randn(batch, channels, size, size)}


def tokens(vocabulary):
    return lambda batch, length: {"ids": torch.randint(0, vocabulary, (batch, length))}


def padding(batch, length):
    """A mask of ones, with zeros at the end of all rows but the first."""
    mask = torch.ones(batch, length, dtype=torch.long)
    for row in range(1, batch):
        mask[row, length - row % length:] = 0
    return mask


def vary(model):
    """Moves parameters that start constant, and running statistics, so that each of them counts."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() > 1 and parameter.std() < 1e-6:
                parameter.add_(torch.empty_like(parameter).uniform_(-0.1, 0.1))
        for module in model.modules():
            if isinstance(module, norms) and module.track_running_stats:
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.8, 1.2)
    return model


def tensors(value):
    """All tensors of a nested result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [tensor for part in parts for tensor in tensors(part)]


def write(folder: pathlib.Path, model: nn.Module, inputs):
    """Inputs and PyTorch's results as FOLDER/in/NAME.npy and FOLDER/out/yN.npy."""
    with torch.no_grad():
        outputs = tensors(model(*inputs.values()))
    for side, values in (("in", inputs), ("out", {f"y{i}": y for i, y in enumerate(outputs)})):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for name, value in values.items():
            numpy.save(folder / side / f"{name}.npy", value.numpy())
    return list(f"y{i}" for i in range(len(outputs)))
