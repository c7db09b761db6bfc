"""Compares two builds of taper: whether they train to the same bits, and how fast each is.

    python3 benches/versus_old.py bits OLD NEW [STEPS]      weights and optimizer state after 200 steps, and of a
                                                            run that OLD stopped half-way and each resumes
    python3 benches/versus_old.py speed OLD NEW [ROUNDS]    `taper bench`, in turn, medians of 5 rounds

OLD and NEW are programs. MNIST is searched for in TAPER_DATA_DIR, as by taper; images_cnn_224 uses drawn
images. Exits with 1 if a bit differs, or if NEW is more than 1 % slower.
"""

import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib

CONFIGS = sorted(path.stem for path in (pathlib.Path(__file__).parent.parent / "configs").glob("*.toml"))
TIMED = ["mnist_cnn", "mnist_mlp_128", "synthetic_mlp"]
MOST_SLOWDOWN = 0.01


def run(program, *arguments, folder=None):
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)


def png(path, color, size=240):
    """An image in shades of one color."""
    rows = bytearray()
    for y in range(size):
        rows.append(0)
        for x in range(size):
            rows += bytes(min(255, value + (x * y) % 13) for value in color)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))


def tensors(file):
    """Names and bytes of the tensors, without the metadata."""
    content = file.read_bytes()
    [size] = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__", None)
    data = content[8 + size :]
    return {name: data[slice(*about["data_offsets"])] for name, about in header.items()}


def bits(programs, steps):
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, color in [("day", (240, 220, 120)), ("night", (10, 10, 60))]:
            for image in range(8):
                png(folder / f"data/images/{name}/{image}.png", [value ^ image for value in color])
        for config in CONFIGS:
            options = ["--set", "train.batch_size=4"] if config == "images_cnn_224" else []
            limit = lambda steps: ["--set", f"train.max_steps={steps}", "--set", "train.epochs=100000", "-q"]

            def trained(program, name, steps, *which):
                target = folder / f"{config}-{name}"
                done = run(program, "train", *which, *options, *limit(steps), folder=folder)
                if done.returncode != 0:
                    return (done.stderr.strip().splitlines() or [""])[-1]
                last = sorted((target / "checkpoints").glob("*"))[-1]
                return [tensors(last / f"{file}.safetensors") for file in ["model", "optimizer"]]

            new_run = lambda name: ["--config", config, "--run-dir", str(folder / f"{config}-{name}")]
            old, new = (trained(program, name, steps, *new_run(name)) for program, name in zip(programs, ["old", "new"]))
            if isinstance(old, str):
                print(f"{config:<18} not compared: the old program failed: {old}")
                continue
            half = trained(programs[0], "half", steps // 2, *new_run("half"))
            shutil.copytree(folder / f"{config}-half", folder / f"{config}-other")
            resumed = [
                trained(program, name, steps, "--resume", str(folder / f"{config}-{name}"))
                for program, name in zip(programs, ["half", "other"])
            ]
            for what, a, b in [("trained", old, new), ("resumed", *resumed)]:
                same = a == b and not isinstance(a, str) and half != a
                differing += not same
                verdict = "equal" if same else next((text for text in (a, b) if isinstance(text, str)), "DIFFERENT")
                print(f"{config:<18} {what} to {steps} steps: {len(old[0])} weights and {len(old[1])} of the optimizer {verdict}")
    return differing == 0


def speed(programs, rounds):
    fast = True
    for config in TIMED:
        times = {program: [] for program in programs}
        for turn in range(rounds):
            for program in programs if turn % 2 == 0 else programs[::-1]:
                done = run(program, "bench", "--config", config, "--seconds", "2", "--format", "json", "-q")
                times[program].append(json.loads(done.stdout)["step_us"]["median"])
        old, new = (statistics.median(times[program]) for program in programs)
        fast &= new <= old * (1 + MOST_SLOWDOWN)
        shown = [" ".join(f"{time:.1f}" for time in times[program]) for program in programs]
        print(f"{config:<18} step, us: old {old:.1f} ({shown[0]}), new {new:.1f} ({shown[1]}), ratio {new / old:.4f}")
    return fast


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in ("bits", "speed"):
        raise SystemExit(__doc__)
    programs = [os.path.abspath(program) for program in sys.argv[2:4]]
    number = int(sys.argv[4]) if len(sys.argv) == 5 else None
    good = bits(programs, number or 200) if sys.argv[1] == "bits" else speed(programs, number or 5)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
