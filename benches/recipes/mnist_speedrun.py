"""The recipe `mnist_speedrun` in PyTorch and in taper, by turns: test accuracy and seconds of training.

    python mnist_speedrun.py --data FOLDER --taper PROGRAM [--seeds 20] [--threads 2]

FOLDER holds mnist/ with the IDX files. Needs the packages of tests/golden/requirements.txt. Seconds are those of the training
steps alone, without reading files and the test, in both; each seed is one run of either program.
"""

import argparse
import gzip
import json
import math
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy
import torch
from torch import nn

EPSILON, KEPT = 1e-5, 0.4
BATCH, RATE, WARMUP = 256, 0.02, 0.2


def idx(folder, name, skip):
    for path in [folder / name, folder / f"{name}.gz"]:
        if path.exists():
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            return torch.from_numpy(numpy.frombuffer(raw, numpy.uint8, offset=skip).copy())
    raise SystemExit(f"{folder / name}: not found")


def load(folder):
    def split(name):
        images = idx(folder, f"{name}-images-idx3-ubyte", 16).view(-1, 1, 28, 28).float()
        return (images / 255 - 0.1307) / 0.3081, idx(folder, f"{name}-labels-idx1-ubyte", 8).long()

    return split("train"), split("t10k")


def network():
    def block(*layers, filters):
        return *layers, nn.BatchNorm2d(filters, EPSILON, 1 - KEPT), nn.ReLU()

    layers = nn.Sequential(
        *block(nn.Conv2d(1, 16, 5, 2, bias=False), filters=16),
        *block(nn.Conv2d(16, 16, 3, bias=False), nn.MaxPool2d(2), filters=16),
        *block(nn.Conv2d(16, 32, 3, bias=False), filters=32),
        nn.Flatten(),
        nn.Linear(288, 10),
    )
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    return layers.to(memory_format=torch.channels_last)


def factor(step, steps):
    warmup = round(WARMUP * steps)
    return (step + 1) / warmup if step < warmup else 1 - (step - warmup) / (steps - warmup)


def by_torch(seed, train, test):
    torch.manual_seed(seed)
    model, loss = network(), nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.Adam(model.parameters(), RATE, (0.7, 0.9), 1e-7, fused=True)
    images, labels = train
    order, steps = torch.randperm(len(labels)), math.ceil(len(labels) / BATCH)
    start = time.perf_counter()
    for step, batch in enumerate(order.split(BATCH)):
        optimizer.param_groups[0]["lr"] = RATE * factor(step, steps)
        optimizer.zero_grad()
        x = images[batch].contiguous(memory_format=torch.channels_last)
        loss(model(x), labels[batch]).backward()
        optimizer.step()
    seconds = time.perf_counter() - start
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(test[0].split(1000), test[1].split(1000)))
    return right / len(test[1]), seconds


def by_taper(seed, program, data, threads):
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        arguments = ["train", "mnist_speedrun", "-q", "--data-dir", data, "--run-dir", run, "--threads", str(threads)]
        subprocess.run([program, *arguments, "--set", f"seed={seed}"], check=True, stdout=subprocess.DEVNULL)
        summary = json.loads((run / "summary.json").read_text())
        return summary["metrics"]["test.accuracy"], summary["seconds"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--taper", required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train, test = load(pathlib.Path(options.data) / "mnist")
    results = {"taper": [], "torch": []}
    by_torch(0, train, test)  # the first run of a process compiles kernels
    for seed in range(100, 100 + options.seeds):
        results["taper"].append(by_taper(seed, options.taper, options.data, options.threads))
        results["torch"].append(by_torch(seed, train, test))
    for name, runs in results.items():
        accuracy, seconds = zip(*runs)
        print(
            f"{name}: accuracy {statistics.mean(accuracy):.4f}, standard deviation {statistics.stdev(accuracy):.4f}, "
            f"least {min(accuracy):.4f}; seconds {statistics.median(seconds):.3f} ({min(seconds):.3f} to {max(seconds):.3f})"
        )
    print(json.dumps({"seeds": [100, 99 + options.seeds], "threads": options.threads, "runs": results}))


if __name__ == "__main__":
    main()
