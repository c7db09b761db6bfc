"""Prints the results as Markdown: `python3 table.py RESULTS.json`."""

import json
import pathlib
import statistics
import sys

import works

PEERS = ("keras", "torch")


def markdown(results):
    lines = [
        "| work | batch | threads | taper | Keras | PyTorch | faster peer / taper |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    runs = results["runs"]
    for name, batch, threads in dict.fromkeys((run["work"], run["batch"], run["threads"]) for run in runs):
        row = [run for run in runs if (run["work"], run["batch"], run["threads"]) == (name, batch, threads)]
        times = {program: median(row, program) for program in ("taper", *PEERS)}
        ratio = min(times[peer] for peer in PEERS) / times["taper"]
        cells = [f"{time:.3g}" if time < 100 else f"{time:.0f}" for time in times.values()]
        label = f"{name}, ms per epoch" if works.WORKS[name].unit == "ms_per_epoch" else name
        lines.append(f"| {label} | {batch} | {threads} | {' | '.join(cells)} | {ratio:.2f} |")
    return "\n".join([*lines, "", *remarks(results)])


def median(runs, program):
    """Microseconds per sample or milliseconds per epoch: the median over the rounds of the median epoch."""
    mine = [run for run in runs if run["program"] == program]
    time = statistics.median(run["us_per_sample_median"] for run in mine)
    return time * mine[0]["samples"] / 1000 if works.WORKS[mine[0]["work"]].unit == "ms_per_epoch" else time


def remarks(results):
    """Remarks below the table: memory, startup, and whether the machine was idle."""
    facts, settings = results["machine"], results["settings"]
    yield f"{facts['cpu']}, {facts['cores']} cores; rounds: {settings['rounds']}; {results['date']}."
    if settings["torch_compile"]:
        yield "PyTorch with torch.compile."
    if settings["quick"]:
        yield "A quick run on few samples: its times mean nothing."
    memory = [run for run in results["runs"] if (run["work"], run["batch"]) == ("mnist_cnn", 32)]
    if memory:
        peaks = (
            f"{program} {max(run['peak_memory_mib'] for run in memory if run['program'] == program):.0f}"
            for program in ("taper", *PEERS)
        )
        yield f"Peak memory of mnist_cnn, batch 32, MiB: {', '.join(peaks)}."
    starts = results["starts"]
    if starts:
        keys = ("first_step_seconds", "process_seconds")
        first, whole = (statistics.median(start[key] for start in starts) for key in keys)
        yield f"taper on mnist_cnn: first step after {first:.2f} s; a process of one step takes {whole:.2f} s."
    shares = [run["share_of_others"] for run in results["runs"] if run["share_of_others"] is not None]
    if shares:
        yield f"Other processes took at most {100 * max(shares):.1f} % of the cores during a run."


if __name__ == "__main__":
    print(markdown(json.loads(pathlib.Path(sys.argv[1]).read_text())))
