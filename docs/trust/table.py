"""A report of `just trust-release` as Markdown: `python3 docs/trust/table.py REPORT.jsonl`."""

import json
import pathlib
import sys


def figures(value):
    """One figure after the other, as text."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {figures(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return f"{len(value)}" if value and not isinstance(value[0], (int, float)) else f"{value}"
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def main(path):
    lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    machine, claims = lines[0], [line for line in lines[1:] if "claim" in line]
    print(", ".join(f"{name} {value}" for name, value in machine.items()), end="\n\n")
    print("| claim | tier | counted |\n| --- | --- | --- |")
    for line in claims:
        print(f"| {line['claim']} | {line.get('tier', '').lower()} | {figures(line['figures'])} |")


if __name__ == "__main__":
    main(sys.argv[1])
