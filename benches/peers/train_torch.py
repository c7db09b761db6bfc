"""Runs a workload in PyTorch, eager, with its fastest options for a CPU: fused Adam, channels_last.

All samples are floats in memory before the clock starts. Prints one JSON line.
"""

import time

import torch
from torch import nn
from torch.nn import functional

import samples
import works


def normed(channels, filters, size, stride=1):
    """A convolution with padding and batch normalization."""
    convolution = nn.Conv2d(channels, filters, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters))


class Residual(nn.Module):
    """Two convolutions added to the input, or to a shortcut if the stride is not 1."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.first, self.second = normed(channels, filters, 3, stride), normed(filters, filters, 3)
        self.shortcut = nn.Identity() if stride == 1 else normed(channels, filters, 1, stride)

    def forward(self, x):
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


def build(layers, shape):
    """The network for samples of `shape`: (height, width, channels) or (features,)."""
    modules = []
    for position, (kind, number) in enumerate(layers):
        if kind == "conv":
            modules += [nn.Conv2d(shape[2], number, 3), nn.ReLU()]
            shape = (shape[0] - 2, shape[1] - 2, number)
        elif kind == "pool":
            modules.append(nn.MaxPool2d(number))
            shape = (shape[0] // number, shape[1] // number, shape[2])
        elif kind == "flatten":
            modules.append(nn.Flatten())
            shape = (shape[0] * shape[1] * shape[2],)
        elif kind == "dropout":
            modules.append(nn.Dropout(number))
        elif kind == "normed":
            modules += [normed(shape[2], number, 3), nn.ReLU()]
            shape = (*shape[:2], number)
        elif kind in ("block", "halve"):
            stride = 1 if kind == "block" else 2
            modules.append(Residual(shape[2], number, stride))
            shape = (shape[0] // stride, shape[1] // stride, number)
        elif kind == "mean":
            modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            shape = (shape[2],)
        else:
            modules.append(nn.Linear(shape[0], number))
            if position + 1 < len(layers):
                modules.append(nn.ReLU())
            shape = (number,)
    return nn.Sequential(*modules)


def tensor(x):
    """Samples in PyTorch's form: images with channels second in the shape and last in memory."""
    x = torch.from_numpy(x)
    return x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x


def main():
    parser = works.arguments(__doc__)
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward and backward pass")
    args, work = works.with_defaults(parser.parse_args())
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    x, y, test_x, test_y = samples.load(work, args.samples, args.data)
    model = build(work.layers, x.shape[1:])
    if x.ndim == 4:
        model = model.to(memory_format=torch.channels_last)
    x, y = tensor(x), torch.from_numpy(y)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss_of(batch_x, batch_y):
        return functional.cross_entropy(model(batch_x), batch_y)

    if args.compile:
        loss_of = torch.compile(loss_of)

    seconds = []
    for _ in range(args.warm_up + args.epochs):
        start = time.perf_counter()
        for batch in torch.randperm(len(x)).split(args.batch):
            loss = loss_of(x[batch], y[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        seconds.append(time.perf_counter() - start)

    accuracy = None
    if test_x is not None:
        model.eval()
        with torch.no_grad():
            found = torch.cat([model(part).argmax(1) for part in tensor(test_x).split(500)])
        accuracy = (found == torch.from_numpy(test_y)).double().mean().item()
    # With running statistics, as taper and Keras count.
    parameters = sum(value.numel() for name, value in model.state_dict().items() if "num_batches" not in name)
    works.print_result("torch", torch.__version__, args, parameters, seconds, accuracy, compile=args.compile)


main()
