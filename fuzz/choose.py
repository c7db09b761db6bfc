#!/usr/bin/env python3
"""Leaves at most N inputs in each folder: those that differ the most, and small ones first.

    fuzz/choose.py N FOLDER...

Those that a person has named come before those that the fuzzer found, whose names are hashes. Among equals it is
always the one with the most runs of four bytes that none before it has, in proportion to the root of its size. The
rest is deleted.
"""
import os
import re
import sys


def runs(content):
    return {content[i : i + 4] for i in range(max(1, len(content) - 3))}


def is_found(name):
    return re.fullmatch("[0-9a-f]{40}", name) is not None


def chosen(inputs, most):
    """The names to keep of `inputs`, a dictionary of contents."""
    left = {name: runs(content) for name, content in sorted(inputs.items())}
    seen, kept = set(), []
    while left and len(kept) < most:
        first = [name for name in left if not is_found(name)] or list(left)
        name = max(first, key=lambda name: len(left[name] - seen) / (len(inputs[name]) + 16) ** 0.5)
        seen |= left.pop(name)
        kept.append(name)
    return kept


def main():
    most = int(sys.argv[1])
    for folder in sys.argv[2:]:
        inputs = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                inputs[name] = file.read()
        kept = chosen(inputs, most)
        for name in set(inputs) - set(kept):
            os.remove(os.path.join(folder, name))
        print(f"{folder}: {len(kept)} of {len(inputs)} inputs, {sum(len(inputs[name]) for name in kept)} bytes")


if __name__ == "__main__":
    main()
