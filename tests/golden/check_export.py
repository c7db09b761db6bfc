"""Compares taper's predictions with PyTorch's, from the same weights file.

    taper predict --checkpoint RUN --input x.npy --format json > predictions.json
    python check_export.py RUN x.npy predictions.json

RUN is a run folder, a checkpoint folder or a model.safetensors. The network is rebuilt from the
file's own metadata. Prints the largest difference between logits, and fails above 1e-4.
"""

import json
import math
import pathlib
import sys

import numpy
import torch
from safetensors import safe_open
from torch import nn

LARGEST_DIFFERENCE = 1e-4
ACTIVATIONS = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "softmax": lambda: nn.Softmax(-1),
}
LINKS = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}


def sides(size):
    return tuple(size) if isinstance(size, list) else (size, size)


class Same(nn.Module):
    """Pads for ceil(size / stride) positions; odd padding puts more at the right and bottom."""

    def __init__(self, kernel, strides, value=0.0):
        super().__init__()
        self.kernel, self.strides, self.value = kernel, strides, value

    def forward(self, x):
        pads = []
        for size, kernel, stride in zip(reversed(x.shape[2:]), reversed(self.kernel), reversed(self.strides)):
            total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return nn.functional.pad(x, pads, value=self.value)


class AveragePool(nn.Module):
    """The mean of each window, excluding padding."""

    def __init__(self, kernel, strides, pad):
        super().__init__()
        self.pad, self.pool = pad, nn.AvgPool2d(kernel, strides)

    def forward(self, x):
        return self.pool(self.pad(x)) / self.pool(self.pad(torch.ones_like(x)))


class GlobalAverage(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def padding(options, kernel, strides, value=0.0):
    return Same(kernel, strides, value) if options["padding"] == "same" else nn.Identity()


def build(kind, options, tensors):
    """The module with the weights, and the whole layer."""
    weight = tensors.get("weight")
    bias = tensors.get("bias") is not None
    if kind == "dense":
        module = nn.Linear(weight.shape[1], options["units"], bias=bias)
    elif kind == "conv2d":
        kernel, strides = sides(options["kernel_size"]), sides(options["strides"])
        module = nn.Conv2d(weight.shape[1], options["filters"], kernel, strides, bias=bias)
        return module, nn.Sequential(padding(options, kernel, strides), module)
    elif kind == "batch_norm":
        module = nn.BatchNorm2d(len(weight), eps=options["epsilon"])
        module._check_input_dim = lambda x: None  # also accept flat samples
    elif kind == "layer_norm":
        module = nn.LayerNorm(list(weight.shape), eps=options["epsilon"])
    elif kind in ("max_pool2d", "avg_pool2d"):
        kernel = sides(options["pool_size"])
        strides = sides(options["strides"] or options["pool_size"])
        if kind == "max_pool2d":
            pad = padding(options, kernel, strides, -math.inf)
            return None, nn.Sequential(pad, nn.MaxPool2d(kernel, strides))
        return None, AveragePool(kernel, strides, padding(options, kernel, strides))
    elif kind == "activation":
        return None, ACTIVATIONS[options["function"]]()
    else:
        plain = {"flatten": nn.Flatten, "global_avg_pool2d": GlobalAverage}
        return None, nn.Dropout(options["rate"]) if kind == "dropout" else plain[kind]()
    return module, module


def network(layers, link, tensors):
    """All layers up to the logits, with weights."""
    modules, used = [], set()
    for i, layer in enumerate(layers):
        [(kind, options)] = layer.items()
        last = i == len(layers) - 1
        if last and kind == "activation" and options["function"] == link:
            continue
        prefix = f"layers.{i}."
        own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        used.update(prefix + name for name in own)
        module, whole = build(kind, options, own)
        if module is not None:
            missing = module.load_state_dict(own, strict=False)
            if missing.unexpected_keys or set(missing.missing_keys) - {"num_batches_tracked"}:
                raise SystemExit(f"layer {i} ({kind}): {missing}")
        modules.append(whole)
        activation = options.get("activation")
        if activation and not (last and activation == link):
            modules.append(ACTIVATIONS[activation]())
    if used != set(tensors):
        raise SystemExit(f"no layer has the tensors {sorted(set(tensors) - used)}")
    return nn.Sequential(*modules).eval()


def samples(path, card, normalize):
    """The array in the network's input layout."""
    array = numpy.load(path)
    shape = tuple(card["sample_shape"])
    count = array.size // math.prod(shape)
    if len(shape) == 3 and array.shape[-3:] == shape[1:] + shape[:1] and array.shape[-3:] != shape:
        array = array.reshape(count, *shape[1:], shape[0]).transpose(0, 3, 1, 2)
    x = torch.from_numpy(array.reshape(count, *shape).astype("f8"))
    if card["pixels"] and array.dtype.kind in "ui":
        x = x / 255
    if normalize:
        channels = [-1] + [1] * (len(shape) - 1)
        mean, std = (torch.tensor(normalize[key], dtype=torch.float64).reshape(channels) for key in ("mean", "std"))
        x = (x - mean) / std
    return x


def weights_file(path, place):
    """The weights file that taper reports."""
    if path.is_file():
        return path
    folder = path if (path / "manifest.json").exists() else path / "checkpoints" / pathlib.Path(place).name
    return folder / "model.safetensors"


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    run, array, output = map(pathlib.Path, sys.argv[1:])
    output = json.loads(output.read_text())
    with safe_open(weights_file(run, output["checkpoint"]), "pt") as file:
        card = json.loads(file.metadata()["taper"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    experiment = card["experiment"]
    [(loss, _)] = experiment["loss"].items()
    model = network(experiment["model"]["layers"], LINKS.get(loss), tensors).double()
    with torch.no_grad():
        expected = model(samples(array, card, card.get("normalize")))
    found = torch.tensor([prediction["logits"] for prediction in output["predictions"]], dtype=torch.float64)
    if found.shape != expected.shape:
        raise SystemExit(f"taper gives {tuple(found.shape)} logits, PyTorch {tuple(expected.shape)}")
    difference = (found - expected).abs().max().item()
    print(f"{len(found)} samples, logits up to {expected.abs().max():.3f}: largest difference {difference:.3g}")
    return int(not difference <= LARGEST_DIFFERENCE)


if __name__ == "__main__":
    sys.exit(main())
