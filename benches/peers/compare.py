"""Runs taper, Keras and PyTorch in turn on the same workloads and compares their epoch times, as each reports them.

    python3 benches/peers/compare.py --data DIR

Writes all raw numbers to RESULTS.json and prints a table. README.md in benches/ describes what is compared and how.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import machine
import table
import works

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = {  # the modules that each needs, and their pip packages
    "keras": ("tf", "import keras, tensorflow, numpy", "tensorflow-cpu keras"),
    "torch": ("torch", "import torch, numpy", "torch numpy"),
}
QUICK_SAMPLES = 640
# What limits the peers to an instruction set that taper's --isa names: oneDNN, which both use, and PyTorch's own kernels.
ISAS = {"avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}}
DISTURBED = 0.05  # warn if other processes take a larger share of the cores


def main():
    args = command_line()
    os.environ.update(ISAS.get(args.isa, {}))
    programs = {"taper": Taper(args.taper, args.data, args.isa)}
    for name, (venv, imports, packages) in PEERS.items():
        programs[name] = Peer(name, getattr(args, f"{name}_python"), venv, imports, packages, args)
    results = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.facts(),
        "repository": first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]),
        "settings": {"rounds": args.rounds, "quick": args.quick, "torch_compile": args.torch_compile, "isa": args.isa},
        "versions": {name: program.version() for name, program in programs.items()},
        "runs": [],
        "starts": [],
    }
    with tempfile.TemporaryDirectory(prefix="taper-peers-") as scratch:
        scratch = pathlib.Path(scratch)
        for name, work in works.WORKS.items():
            if args.only in (None, name):
                if work.data == "images":
                    count = str(QUICK_SAMPLES if args.quick else work.samples)
                    run([programs["torch"].python, str(HERE / "make_images.py"), str(scratch), count], scratch)
                for batch, threads in comparisons(name, work, args.threads):
                    compare(programs, results, args, scratch, (name, work, batch, threads))
                    save(results, args.out)
        if args.only in (None, "mnist_cnn"):
            for number in range(1, args.rounds + 1):
                results["starts"].append({"round": number, **programs["taper"].start(args.threads, scratch)})
    save(results, args.out)
    print(table.markdown(results))


def command_line():
    cache = pathlib.Path("~/.cache/taper-peers").expanduser()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=works.WORKS, help="one work instead of all")
    parser.add_argument("--rounds", type=int, default=3, help="times that each program runs, in turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "data", help="the folder that holds mnist/")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("RESULTS.json"))
    parser.add_argument("--taper", type=pathlib.Path, default=target / "release" / "taper")
    parser.add_argument("--keras-python", type=pathlib.Path, default=cache / "tf/bin/python")
    parser.add_argument("--torch-python", type=pathlib.Path, default=cache / "torch/bin/python")
    parser.add_argument("--torch-compile", action="store_true", help="PyTorch with torch.compile")
    parser.add_argument("--isa", choices=ISAS, help="the instruction set that all programs are limited to")
    parser.add_argument("--quick", action="store_true", help="one round on few samples: does it run at all?")
    args = parser.parse_args()
    args.data = args.data.resolve()
    if args.quick:
        args.rounds = 1
    return args


def comparisons(name, work, threads):
    """Batch sizes and numbers of threads; the textbook CNN also with one thread."""
    found = [(batch, threads) for batch in work.batches]
    return [*found, (work.batches[0], 1)] if name == "mnist_cnn" and threads > 1 else found


def compare(programs, results, args, scratch, what):
    """Runs all rounds of one workload, the programs in turn."""
    name, work, batch, threads = what
    samples = min(QUICK_SAMPLES, work.samples) if args.quick else work.samples
    epochs = 2 if args.quick else work.epochs
    for number in range(1, args.rounds + 1):
        found = []
        for program in programs.values():
            outcome = program.train(name, work, batch, threads, samples, epochs, scratch)
            found.append({"round": number, **outcome})
            report(found[-1])
        # A different network or number of samples would make the comparison invalid.
        for key in ("parameters", "samples"):
            if len({outcome[key] for outcome in found}) != 1:
                values = ", ".join(f"{outcome['program']} {outcome[key]}" for outcome in found)
                sys.exit(f"{name}: the programs differ in their {key}: {values}")
        results["runs"] += found


def report(outcome):
    """Prints a progress line."""
    others = outcome["share_of_others"] or 0
    disturbed = f"; OTHER PROCESSES TOOK {100 * others:.0f} % OF THE CORES" if others > DISTURBED else ""
    what = "{work}, batch {batch}, threads {threads}, round {round}: {program}".format(**outcome)
    print(f"{what} {outcome['us_per_sample_median']:.2f} us per sample{disturbed}", file=sys.stderr)


class Taper:
    """The program of this repository."""

    def __init__(self, path, data, isa):
        if not path.is_file():
            sys.exit(f"no taper at {path}: build it with `cargo build --release`, or name it with --taper")
        self.path, self.data = path.resolve(), data
        self.options = ["--isa", isa] if isa else []

    def version(self):
        return {"version": first_line([str(self.path), "--version"]), "sha256": machine.digest(self.path)}

    def command(self, config, threads, data, folder, settings):
        command = [str(self.path), "train", "--config", config, "--device", "cpu", "--threads", str(threads)]
        command += ["--data-dir", str(data), "--run-dir", str(folder), "--force", "--offline", "--quiet"]
        return command + self.options + [f"--set={key}={value}" for key, value in settings.items()]

    def train(self, name, work, batch, threads, samples, epochs, scratch):
        config = str(HERE / "configs" / work.config) if work.config.endswith(".toml") else work.config
        settings = {
            "train.batch_size": batch,
            "train.epochs": work.warm_up + epochs,
            "checkpoint.every_epochs": 0,
        }
        settings |= {  # The peers also take the first samples, and hold none out.
            "mnist": {"data.mnist.train_samples": samples, "split.validation": 0},
            "points": {"data.synthetic.samples": samples},
            "images": {},
        }[work.data]
        folder = scratch / "run"
        data = scratch if work.data == "images" else self.data
        outcome = run(self.command(config, threads, data, folder, settings), scratch)[1]
        events = read_events(folder)
        start = next(event for event in events if event["event"] == "start")
        seconds = [event["seconds"] for event in events if event["event"] == "epoch"]
        end = next(event for event in events if event["event"] == "end")
        return {
            "program": "taper",
            "version": start["taper"],
            "work": name,
            "batch": batch,
            "threads": threads,
            "samples": start["train_samples"],
            "parameters": start["parameters"],
            "warm_up_seconds": seconds[: work.warm_up],
            "epoch_seconds": seconds[work.warm_up :],
            **works.summary(seconds[work.warm_up :], start["train_samples"]),
            "test_accuracy": end["metrics"].get("test.accuracy"),
            "engine": start["engine"],
            **outcome,
        }

    def start(self, threads, scratch):
        """The times from the start of the process to the first step of mnist_cnn, and to its end."""
        folder = scratch / "run"
        settings = {"train.max_steps": 1, "train.log_every_steps": 1}
        command = self.command("mnist_cnn", threads, self.data, folder, settings)
        outcome = run(command, scratch)[1]
        step = next(event for event in read_events(folder) if event["event"] == "step")
        return {"first_step_seconds": round(step["time"] - outcome["started"], 3), **outcome}


class Peer:
    """`train_keras.py` or `train_torch.py`, in the virtual environment of the framework."""

    def __init__(self, name, python, venv, imports, packages, args):
        folder = f"~/.cache/taper-peers/{venv}"
        if not python.is_file():
            remedy = f"python3 -m venv {folder} && {folder}/bin/pip install {packages}"
            sys.exit(f"no Python for {name} at {python}: `{remedy}`, or name one with --{name}-python")
        if subprocess.run([python, "-c", imports], capture_output=True).returncode != 0:
            sys.exit(f"{python} cannot `{imports}`: it needs `pip install {packages}`")
        self.name, self.python, self.data = name, str(python), args.data
        self.options = ["--compile"] if name == "torch" and args.torch_compile else []
        self.packages = packages.split()

    def version(self):
        code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
        packages = [*dict.fromkeys([*self.packages, "numpy"])]
        versions = first_line([self.python, "-c", code, *packages]).split()
        return dict(zip(packages, versions)) | {"python": first_line([self.python, "--version"])}

    def train(self, name, work, batch, threads, samples, epochs, scratch):
        data = scratch if work.data == "images" else self.data
        command = [self.python, str(HERE / f"train_{self.name}.py"), "--work", name, "--data", str(data)]
        for key, value in (("batch", batch), ("epochs", epochs), ("samples", samples), ("threads", threads)):
            command += [f"--{key}", str(value)]
        output, outcome = run(command + self.options, scratch)
        return {**json.loads(output.splitlines()[-1]), **outcome}


def run(command, scratch):
    """Runs a process to its end; returns its output, and the load of the machine in the meantime."""
    log = scratch / "stderr"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TAPER_")}
    with open(scratch / "stdout", "w+") as stdout, open(log, "w") as stderr:
        before = machine.Watch()
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        outcome = before.until_now(usage)
        stdout.seek(0)
        output = stdout.read()
    if process.returncode != 0:
        text = log.read_text(errors="replace")
        sys.exit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{text}")
    return output, outcome


def read_events(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def first_line(command):
    """The first line printed by a short command; empty if it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return ""


def save(results, path):
    """Replaces the file atomically: an interrupted comparison keeps its last results."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(json.dumps(results, indent=1) + "\n")
    draft.replace(path)


main()
