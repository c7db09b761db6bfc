"""The workloads on which taper and its peers are compared: one table for all programs in this folder.

Uses only the standard library, so that `compare.py` runs without NumPy.
"""

import argparse
import json
import pathlib
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A network, its samples, and the number of epochs.

    Layers: `conv` filters of 3x3 without padding and relu, `pool` of 2x2, `flatten`, `dense` with relu
    but for the last one, `dropout`. `normed` filters of 3x3 with padding, without bias, are followed by batch
    normalization and relu; a `block` is residual: two of them, the second without relu, are added to the input,
    then relu; `halve` is the same with a stride of 2 in the first, and a shortcut of 1x1 filters with batch
    normalization; `mean` is over all pixels. The loss is cross-entropy, the optimizer Adam with 1e-3, all in f32.
    """

    network: str  # as text
    layers: tuple  # (kind, number)
    data: str  # "mnist", "points" (normally distributed around class centers) or "images" (random bytes)
    samples: int  # training samples; the first ones of MNIST
    batches: tuple  # batch sizes, each compared separately
    config: str  # taper's config: the name of a built-in one, or a file in configs/
    warm_up: int = 1  # epochs reported separately, in which the peers trace, compile and tune
    epochs: int = 3  # epochs after the warm-up
    unit: str = "us_per_sample"  # or "ms_per_epoch": the unit in the table


CNN = (("conv", 32), ("pool", 2), ("flatten", 0), ("dense", 128), ("dropout", 0.5), ("dense", 10))
DEEP = (
    *(("conv", 32), ("conv", 64), ("pool", 2), ("conv", 128), ("pool", 2)),
    *(("flatten", 0), ("dense", 256), ("dense", 10)),
)
RESIDUAL = (
    *(("normed", 32), ("block", 32), ("halve", 64), ("halve", 128)),
    *(("mean", 0), ("dense", 10)),
)

WORKS = {
    "mnist_cnn": Work(
        network="conv 32, pool, dense 128, dropout 0.5, dense 10",
        layers=CNN,
        data="mnist",
        samples=48_000,
        batches=(32, 128, 512),
        config="mnist_cnn",
    ),
    "mnist_mlp_128": Work(
        network="784-128-10",
        layers=(("flatten", 0), ("dense", 128), ("dense", 10)),
        data="mnist",
        samples=60_000,
        batches=(32,),
        config="mnist_mlp_128",
        epochs=5,
    ),
    "mnist_mlp_64": Work(
        network="784-64-64-10",
        layers=(("flatten", 0), ("dense", 64), ("dense", 64), ("dense", 10)),
        data="mnist",
        samples=48_000,
        batches=(32,),
        config="mnist_mlp_64",
        epochs=5,
    ),
    "mlp_3x100": Work(
        network="100-100-100-100-10",
        layers=(("dense", 100), ("dense", 100), ("dense", 100), ("dense", 10)),
        data="points",
        samples=1_000,
        batches=(32,),
        config="mlp_3x100.toml",
        warm_up=5,
        epochs=60,
        unit="ms_per_epoch",
    ),
    "deep_mnist": Work(
        network="conv 32, conv 64, pool, conv 128, pool, dense 256, dense 10",
        layers=DEEP,
        data="mnist",
        samples=9_600,
        batches=(64,),
        config="deep_mnist.toml",
    ),
    "deep_32x32x3": Work(
        network="the same, 32x32x3",
        layers=DEEP,
        data="images",
        samples=9_600,
        batches=(64,),
        config="deep_32x32x3.toml",
    ),
    "residual_32x32x3": Work(
        network="conv 32, residual blocks of two convs: 32, 64, 128, with batch norm, 32x32x3",
        layers=RESIDUAL,
        data="images",
        samples=3_840,
        batches=(128,),
        config="residual_32x32x3.toml",
    ),
}

IMAGES = "random_images.npz"  # in the data folder of the workload "images"; written by make_images.py


def summary(epoch_seconds, samples):
    """Microseconds per sample in the fastest and in the median epoch."""
    return {
        "us_per_sample_fastest": round(1e6 * min(epoch_seconds) / samples, 3),
        "us_per_sample_median": round(1e6 * statistics.median(epoch_seconds) / samples, 3),
    }


def arguments(description):
    """The command line of the peers' programs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", required=True, choices=WORKS)
    parser.add_argument("--batch", type=int, help="samples in a step; default: the work's first batch size")
    parser.add_argument("--epochs", type=int, help="epochs after the warm-up; default: the work's")
    parser.add_argument("--warm-up", type=int, help="epochs before; default: the work's")
    parser.add_argument("--samples", type=int, help="training samples; default: the work's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data"), help="the folder of data sets")
    return parser


def with_defaults(args):
    """The parsed arguments, with the workload's own numbers as defaults; and the workload."""
    work = WORKS[args.work]
    args.batch = args.batch or work.batches[0]
    args.epochs = args.epochs or work.epochs
    args.warm_up = work.warm_up if args.warm_up is None else args.warm_up
    args.samples = args.samples or work.samples
    return args, work


def print_result(program, version, args, parameters, seconds, accuracy, **options):
    """The JSON line that `compare.py` reads. `seconds` holds the time of each epoch, including the warm-up."""
    warm_up, timed = seconds[: args.warm_up], seconds[args.warm_up :]
    result = {
        "program": program,
        "version": version,
        "work": args.work,
        "batch": args.batch,
        "threads": args.threads,
        "samples": args.samples,
        "parameters": parameters,
        "warm_up_seconds": [round(s, 6) for s in warm_up],
        "epoch_seconds": [round(s, 6) for s in timed],
        **summary(timed, args.samples),
        "test_accuracy": accuracy,
        **options,
    }
    print(json.dumps(result))
