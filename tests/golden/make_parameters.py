"""Writes the reference values for tests/it/parameters.rs: networks whose parameters have options of their own.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make_parameters.py

Inputs are exact in f32 and everything is computed in f64, by PyTorch's optimizers with a parameter group for each parameter. Penalties are
added to the gradients, and norms limited, by their formulas. The file's metadata lists its cases, with taper's config for each.
"""

import json
import pathlib

import numpy
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
torch.use_deterministic_algorithms(True)
torch.manual_seed(20261128)

NAMES = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
SHAPES = [(6, 5), (6,), (3, 6), (3,)]
STEPS = 10
# The steps of an epoch, for options that name epochs.
EPOCH = 4


def randn(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float32) * scale).double()


x = randn(8, 5)
y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
start = [randn(*shape, scale=0.5) for shape in SHAPES]


def logits(parameters):
    hidden = torch.tanh(F.linear(x, parameters[0], parameters[1]))
    return F.linear(hidden, parameters[2], parameters[3])


def train(make, groups, l1={}, l2={}, max_norm={}, epochs={}, clip=None):
    """The losses and parameters of a run. `make` makes an optimizer of parameter groups, and `groups` has the options of each
    parameter's group; the others are by name, too."""
    parameters = [torch.nn.Parameter(value.clone()) for value in start]
    optimizer = make([{"params": [own], **groups.get(name, {})} for name, own in zip(NAMES, parameters)])
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(logits(parameters), y)
        loss.backward()
        losses.append(loss.detach())
        number = step // EPOCH + 1
        trained = []
        for name, own in zip(NAMES, parameters):
            first, last = epochs.get(name, (1, 1000))
            if first <= number <= last:
                own.grad += 2 * l2.get(name, 0.0) * own.detach() + l1.get(name, 0.0) * own.detach().sign()
                trained.append((name, own))
            else:
                own.grad = None
        if clip is not None:
            norm = torch.sqrt(sum((own.grad**2).sum() for _, own in trained))
            for _, own in trained:
                own.grad *= min(1.0, clip / norm)
        optimizer.step()
        for name, own in trained:
            if name in max_norm:
                rows = own.data.reshape(own.shape[0], -1) if own.dim() > 1 else own.data.reshape(1, -1)
                norms = rows.norm(dim=1, keepdim=True)
                rows *= torch.clamp(max_norm[name] / norms, max=1.0)
    return losses, [own.detach() for own in parameters]


CASES = {
    "adamw_exempt_and_scaled": (
        {"adamw": {"learning_rate": 0.02, "weight_decay": 0.3, "epsilon": 1e-8}},
        [
            {"match": "layers.0.*", "learning_rate_scale": 0.25},
            {"kind": "bias", "weight_decay_scale": 0},
            {"match": "layers.1.weight", "weight_decay_scale": 0.5},
        ],
        lambda groups: torch.optim.AdamW(groups, lr=0.02, weight_decay=0.3, eps=1e-8),
        {
            "groups": {
                "layers.0.weight": {"lr": 0.005},
                "layers.0.bias": {"lr": 0.005, "weight_decay": 0.0},
                "layers.1.weight": {"weight_decay": 0.15},
                "layers.1.bias": {"weight_decay": 0.0},
            }
        },
    ),
    "sgd_penalties": (
        {"sgd": {"learning_rate": 0.3, "momentum": 0.9}},
        [{"match": "*.weight", "l2": 0.02}, {"match": "layers.0.*", "l1": 0.003}],
        lambda groups: torch.optim.SGD(groups, lr=0.3, momentum=0.9),
        {
            # As weight_decay, to show that it is twice l2.
            "groups": {"layers.0.weight": {"weight_decay": 0.04}, "layers.1.weight": {"weight_decay": 0.04}},
            "l1": {"layers.0.weight": 0.003, "layers.0.bias": 0.003},
        },
    ),
    "sgd_all_in_order": (
        {"sgd": {"learning_rate": 0.5, "weight_decay": 0.05}},
        [
            {"match": "*.weight", "l2": 0.1, "max_norm": 1.1},
            {"match": "layers.0.bias", "max_norm": 0.5},
            {"kind": "bias", "weight_decay_scale": 0},
        ],
        lambda groups: torch.optim.SGD(groups, lr=0.5, weight_decay=0.05),
        {
            "groups": {"layers.0.bias": {"weight_decay": 0.0}, "layers.1.bias": {"weight_decay": 0.0}},
            "l2": {"layers.0.weight": 0.1, "layers.1.weight": 0.1},
            "max_norm": {"layers.0.weight": 1.1, "layers.1.weight": 1.1, "layers.0.bias": 0.5},
            "clip": 0.4,
        },
    ),
    "adam_in_some_epochs": (
        {"adam": {"learning_rate": 0.02, "epsilon": 1e-8}},
        [{"match": "layers.0.*", "from_epoch": 2}, {"match": "layers.1.weight", "until_epoch": 1}],
        lambda groups: torch.optim.Adam(groups, lr=0.02, eps=1e-8),
        {
            "groups": {},
            "epochs": {"layers.0.weight": (2, 1000), "layers.0.bias": (2, 1000), "layers.1.weight": (1, 1)},
            "clip": 0.5,
        },
    ),
}

tensors = {"input": x, "labels": torch.from_numpy(y.numpy().astype(numpy.uint32))}
tensors |= {f"start/{name}": value for name, value in zip(NAMES, start)}
cases = []
for name, (optimizer, entries, make, options) in CASES.items():
    losses, end = train(make, **options)
    tensors[f"{name}/losses"] = torch.stack(losses)
    tensors |= {f"{name}/end/{own}": value for own, value in zip(NAMES, end)}
    cases.append({"name": name, "optimizer": optimizer, "parameters": entries, "clip": options.get("clip")})
arrays = {key: value.contiguous().numpy() for key, value in tensors.items()}
save_file(arrays, HERE / "parameters.safetensors", metadata={"cases": json.dumps(cases)})
