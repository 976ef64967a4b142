"""Exports models with random weights: export.py FOLDER NAME ... (NAME+open: batch and length stay open).

Writes FOLDER/NAME/model.onnx, and below FOLDER/NAME/0, 1, ... inputs and PyTorch's results; `--list` prints all names.
"""
import pathlib
import sys
import warnings

import torch

import audio
import generative
import graph
import language
import pretrained
import recurrent
import vision
from model import vary, write

warnings.filterwarnings("ignore")
FAMILIES = {"language": language, "recurrent": recurrent, "vision": vision, "generative": generative,
            "audio": audio, "graph": graph, "torchvision": pretrained}


def export(root, family, name, is_open):
    model = FAMILIES[family].MODELS[name]
    folder = pathlib.Path(root) / family / (name + ("+open" if is_open else ""))
    torch.manual_seed(0)
    module = vary(model.build().eval())
    sizes = list(zip(model.batches, model.lengths))[:2 if is_open else 1]
    examples = [model.inputs(*size) for size in sizes]
    for i, example in enumerate(examples):
        outputs = write(folder / str(i), module, example)
    # With gradients on, or PyTorch 1.13 traces its fused attention, which ONNX does not have.
    torch.onnx.export(module, tuple(examples[0].values()), str(folder / "model.onnx"), opset_version=model.opset,
                      input_names=list(examples[0]), output_names=outputs,
                      dynamic_axes=model.open_axes() if is_open else None)


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(f"{family}/{name}{form}" for family, module in FAMILIES.items()
                        for name, model in module.MODELS.items()
                        for form in (["", "+open"] if model.open_axes() else [""])))
        return
    for wanted in arguments[1:]:
        family, name = wanted.split("/")
        export(arguments[0], family, name.removesuffix("+open"), name.endswith("+open"))


main(sys.argv[1:])
