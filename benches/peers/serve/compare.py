"""Compares `taper serve` with other servers of the same network: Triton, mosec, and ONNX Runtime behind FastAPI.

    python3 benches/peers/serve/compare.py --data DIR

Runs all servers in turn, writes what was measured to RESULTS.jsonl, and prints a table. README.md in benches/ describes
what is compared and how.
"""

import argparse
import dataclasses
import datetime
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy

import export
import loads
import network
import servers
import table

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(1, str(ROOT / "benches/peers"))
import machine  # noqa: E402

PACKAGES = ("fastapi", "mosec", "numpy", "nvidia-pytriton", "onnxruntime", "orjson", "uvicorn", "uvloop")
CONNECTIONS = (1, 16)


@dataclasses.dataclass
class Context:
    taper: pathlib.Path
    generator: pathlib.Path
    run: pathlib.Path
    network: pathlib.Path
    folder: pathlib.Path


def main():
    args = command_line()
    taper, generator = programs(args)
    with tempfile.TemporaryDirectory(prefix="taper-peers-") as folder, open(args.out, "a") as out:
        folder = pathlib.Path(folder)
        run = args.run or train(taper, args.data, folder)
        context = Context(taper, generator, run, folder / "network.onnx", folder)
        samples = loads.images(args.data)
        expected = loads.predictions(taper, run, samples, folder)
        difference = export_and_check(context, samples, expected)
        lines = [facts(args, taper, difference)]
        print(json.dumps(lines[0]), file=out, flush=True)
        chosen = [(setting, form) for setting in servers.SETTINGS for form in setting.forms if is_chosen(args, setting, form)]
        for number in range(args.rounds):
            # No server is always the first, or always next to the same ones.
            first = number * len(chosen) // args.rounds
            for setting, form in chosen[first:] + chosen[:first]:
                file = loads.write(setting.server, form, samples, expected, folder)
                for line in measure(context, args, setting, form, file):
                    lines.append({"round": number + 1, **line})
                    print(json.dumps(lines[-1]), file=out, flush=True)
                    print(table.progress(lines[-1]), file=sys.stderr, flush=True)
    print(table.markdown(lines))


def command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "data", help="the folder that holds mnist/")
    parser.add_argument("--run", type=pathlib.Path, help="a run of an MNIST CNN; by default, one is trained for an epoch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load, measured")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds before them")
    parser.add_argument("--only", default="", help="servers and settings whose names contain this, as in `mosec, 1 worker`")
    parser.add_argument("--form", default="", help="json or binary instead of both")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("RESULTS.jsonl"), help="appended to")
    parser.add_argument("--taper", type=pathlib.Path, help="the program; built by default")
    parser.add_argument("--generator", type=pathlib.Path, help="the bench `serve`; built by default")
    parser.add_argument("--quick", action="store_true", help="one round of half a second each: does everything run?")
    args = parser.parse_args()
    args.data = args.data.resolve()
    if args.quick:
        args.rounds, args.seconds, args.warm_up = 1, 0.5, 0.2
    return args


def programs(args):
    """taper and the generator of requests, as cargo builds them for `cargo bench`."""
    found = {"taper": args.taper, "serve": args.generator}
    if None in found.values():
        command = ["cargo", "bench", "--bench", "serve", "--no-run", "--message-format", "json"]
        output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
        for message in map(json.loads, output.splitlines()):
            name = message.get("target", {}).get("name")
            if message.get("executable") and found.get(name, "") is None:
                found[name] = message["executable"]
    return [pathlib.Path(found[name]).resolve() for name in ("taper", "serve")]


def train(taper, data, folder):
    run = folder / "run"
    command = [taper, "-q", "train", "mnist_cnn", "--data-dir", data, "--run-dir", run, "--set", "train.epochs=1"]
    subprocess.run([*command, "--progress", "none"], check=True, stdout=subprocess.DEVNULL)
    return run


def export_and_check(context, samples, expected):
    """Writes the network for ONNX Runtime, and returns the largest difference of its outputs from taper's."""
    checkpoint = sorted((context.run / "checkpoints").glob("*/model.safetensors"))[-1]
    export.export(checkpoint, context.network)
    found = network.load(context.network, threads=1)(samples.reshape(-1, 28, 28, 1))
    difference = float(numpy.abs(found - expected).max())
    if difference > loads.TOLERANCE:
        raise SystemExit(f"ONNX Runtime's outputs differ by {difference} from taper's")
    return difference


def facts(args, taper, difference):
    version = subprocess.run([taper, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    describe = ["git", "-C", ROOT, "describe", "--always", "--dirty"]
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.facts(),
        "repository": subprocess.run(describe, capture_output=True, text=True).stdout.strip(),
        "versions": {"taper": version, **{name: importlib.metadata.version(name) for name in PACKAGES}},
        "settings": {"rounds": args.rounds, "seconds": args.seconds, "warm_up": args.warm_up},
        "largest_difference_from_onnx_runtime": difference,
    }


def is_chosen(args, setting, form):
    return args.only in f"{setting.server}, {setting.name}" and args.form in form


def measure(context, args, setting, form, file):
    """Starts a server and drives it with each number of connections."""
    with setting.started(context, form) as (address, process):
        loads.wait_for_reply(address, file)
        for connections in CONNECTIONS:
            options = {"address": address, "process": process, "requests": file, "connections": connections}
            options |= {"seconds": args.seconds, "warm-up": args.warm_up}
            command = [context.generator]
            for name, value in options.items():
                command += [f"--{name}", str(value)]
            limit = 60 + 2 * (args.seconds + args.warm_up)
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=limit).stdout
            measured = json.loads(output)
            if not measured["requests_per_second"]:
                raise SystemExit(f"{setting.server}, {setting.name}, {form}: no right reply: {measured}")
            yield {"server": setting.server, "setting": setting.name, "form": form, **measured}


if __name__ == "__main__":
    main()
