"""Prints the results as Markdown: `python3 table.py RESULTS.jsonl`, with `--all` for all settings, not only the best."""

import json
import pathlib
import statistics
import sys

NAMES = {"taper": "taper", "triton": "Triton", "mosec": "mosec", "fastapi": "FastAPI"}
FORMS = {"json": "JSON", "v2_json": "JSON, Open Inference", "binary": "binary"}
FIGURES = {
    "p50 µs": "p50_us",
    "p99 µs": "p99_us",
    "server's CPU, µs per request": "server_cpu_us_per_request",
    "memory, MiB": "pss_mib",
}
TITLES = ("requests", "connections", "server", "settings", "requests/s", "taper's / its", *FIGURES, "errors")


def markdown(lines, all_settings=False):
    measured = [line for line in lines if "server" in line]
    rows = [f"| {' | '.join(TITLES)} |", f"|{' --- |' * len(TITLES)}"]
    for form in FORMS:
        for connections in sorted({line["connections"] for line in measured}):
            here = [line for line in measured if (line["form"], line["connections"]) == (form, connections)]
            settings = by_setting(here) if all_settings else best(here)
            taper = [rate(lines) for lines in settings if lines[0]["server"] == "taper"]
            rows += [row(lines, taper) for lines in settings]
    return "\n".join([*rows, "", *remarks(lines)])


def by_setting(lines):
    settings = {}
    for line in lines:
        settings.setdefault((line["server"], line["setting"]), []).append(line)
    return sorted(settings.values(), key=lambda lines: (list(NAMES).index(lines[0]["server"]), -rate(lines)))


def best(lines):
    """Of each server, the setting with the most requests per second."""
    servers = {}
    for setting in by_setting(lines):
        servers.setdefault(setting[0]["server"], setting)
    return list(servers.values())


def rate(lines):
    return median(lines, "requests_per_second")


def median(lines, key):
    return statistics.median(line[key] for line in lines)


def row(lines, taper):
    rates = [line["requests_per_second"] for line in lines]
    cells = [FORMS[lines[0]["form"]], str(lines[0]["connections"]), NAMES[lines[0]["server"]], lines[0]["setting"]]
    cells.append(f"{rate(lines):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})")
    cells.append(f"{taper[0] / rate(lines):.2f}" if taper else "")
    cells += [f"{median(lines, key):,.0f}" for key in FIGURES.values()]
    cells.append(str(sum(line["wrong"] + line["failed"] for line in lines)))
    return f"| {' | '.join(cells)} |"


def remarks(lines):
    """Remarks below the table: the machine, and whether it was idle."""
    for facts in (line for line in lines if "machine" in line):
        settings, computer = facts["settings"], facts["machine"]
        rounds = f"rounds: {settings['rounds']} of {settings['seconds']:g} s"
        yield f"{computer['cpu']}, {computer['cores']} cores; {facts['date']}; {rounds}."
    shares = [line["share_of_others"] for line in lines if "server" in line]
    if shares:
        middle, most = statistics.median(shares), max(shares)
        yield f"Other processes took {100 * middle:.1f} % of the cores in the median, and at most {100 * most:.1f} %."


def progress(line):
    """One line, while it runs."""
    name = f"{line['server']}, {line['setting']}, {line['form']}, {line['connections']} connections"
    cpu, errors = line["server_cpu_us_per_request"], line["wrong"] + line["failed"]
    return f"{line['round']}: {name}: {line['requests_per_second']:,.0f} requests/s, {cpu} µs, {errors} errors"


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--all"]
    text = pathlib.Path(arguments[0]).read_text()
    print(markdown([json.loads(line) for line in text.splitlines()], "--all" in sys.argv))
