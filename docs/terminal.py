#!/usr/bin/env python3
"""Draws docs/terminal.svg: a session with the real program on a pseudoterminal, as it looked and as fast as it was.

    cargo build --release
    TAPER_DATA_DIR=DIR python3 docs/terminal.py [--taper PROGRAM] [--out FILE]

DIR holds MNIST. The picture is animated, and begins with the last frame, which it also shows where animations are off.
"""
import argparse
import fcntl
import html
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

COLUMNS, ROWS = 94, 27
HOLD = 6.0  # seconds that the last frame stays
FRAME = 0.2  # seconds between frames
FONT, ADVANCE, LINE = 14, 8.43, 19
COLORS = ["#484f58", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#c9d1d9"]
FOREGROUND, BACKGROUND = "#c9d1d9", "#0d1117"
PLAIN = (FOREGROUND, False)

MISTAKE = ("learning_rate = 1e-3", "lerning_rate = 1e-3")


class Screen:
    """What a terminal shows: rows of characters with their styles, and a cursor."""

    def __init__(self):
        self.rows, self.row, self.column, self.style = [[]], 0, 0, PLAIN

    def put(self, text):
        position = 0
        while position < len(text):
            match = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])").match(text, position)
            if match:
                self.control(match[1], match[2])
                position = match.end()
                continue
            self.character(text[position])
            position += 1

    def character(self, c):
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self.row += 1
            while len(self.rows) <= self.row:
                self.rows.append([])
        elif c == "\x1b" or c < " ":
            raise SystemExit(f"the terminal was sent {c!r}, which this script does not draw")
        else:
            if self.column == COLUMNS:
                self.character("\r")
                self.character("\n")
            row = self.rows[self.row]
            row.extend([(" ", PLAIN)] * (self.column + 1 - len(row)))
            row[self.column] = (c, self.style)
            self.column += 1

    def control(self, numbers, letter):
        values = [int(number or 0) for number in numbers.split(";")] if "?" not in numbers else []
        if letter == "J" or letter == "K":
            del self.rows[self.row][self.column :]
            if letter == "J":
                del self.rows[self.row + 1 :]
        elif letter == "m":
            for value in values:
                self.render(value)
        elif letter != "l" and letter != "h":
            raise SystemExit(f"the terminal was sent the control sequence {numbers}{letter}, which this script does not draw")

    def render(self, value):
        color, bold = self.style
        if value == 0:
            color, bold = PLAIN
        elif value == 1:
            bold = True
        elif 30 <= value <= 37 or 90 <= value <= 97:
            color = COLORS[value % 10]
        elif value == 39:
            color = FOREGROUND
        self.style = (color, bold)

    def frame(self):
        return [tuple(row) for row in self.rows]


def play(screen, frames, clock, command, program, folder, stop=None):
    """Runs `command` on a terminal of its own, and presses Ctrl-C once `stop` of the output is true."""
    screen.put("\x1b[32m$\x1b[0m \x1b[1m" + command + "\x1b[0m\r\n")
    clock[0] += 0.6
    frames.append((clock[0], screen.frame()))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAPER_") and name != "NO_COLOR"}
    environment.update(TERM="xterm-256color", TAPER_OFFLINE="1", TAPER_DATA_DIR=os.environ.get("TAPER_DATA_DIR", "data"))
    arguments = [program, *command.split()[1:]]
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    started, seen, offset = time.monotonic(), "", clock[0]
    while True:
        ready, _, _ = select.select([ours], [], [], 0.02)
        try:
            data = os.read(ours, 65536).decode() if ready else ""
        except OSError:
            break
        if ready and not data:
            break
        seen += data
        screen.put(data)
        clock[0] = offset + time.monotonic() - started
        if data:
            frames.append((clock[0], screen.frame()))
        if stop and stop(seen):
            stop = None
            os.write(ours, b"\x03")
    process.wait()
    os.close(ours)
    clock[0] += 1.0
    frames.append((clock[0], screen.frame()))


def thinned(frames):
    """At most one frame every FRAME seconds, each the last of its time."""
    slots = {}
    for at, frame in frames:
        slots[int(at / FRAME)] = frame
    return [(slot * FRAME, slots[slot]) for slot in sorted(slots)]


def spans(row):
    """Stretches of one style, each with the column at which it begins."""
    start = 0
    for column in range(1, len(row) + 1):
        if column == len(row) or row[column][1] != row[start][1]:
            yield start, "".join(c for c, _ in row[start:column]), row[start][1]
            start = column


def draw(frames):
    end = frames[-1][0] + HOLD
    height = max(len(frame) for _, frame in frames)
    # Each row: what it showed, from when, until when.
    pieces = []
    for number in range(height):
        shown, since = (), 0.0
        for at, frame in [*frames, (end, None)]:
            row = () if frame is None or number >= len(frame) else frame[number]
            if frame is None or row != shown:
                if any(c != " " for c, _ in shown):
                    pieces.append((number, shown, since, at))
                shown, since = row, at
    width = COLUMNS * ADVANCE + 32
    total = height * LINE + 58
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{width:.0f}" height="{total}" viewBox="0 0 {width:.0f} {total}">',
        "<title>A terminal session with taper</title>",
        "<style>",
        f"text{{font:{FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:{FOREGROUND};white-space:pre}}",
        ".b{font-weight:bold}.x{visibility:hidden}",
    ]
    texts = []
    for index, (number, row, since, until) in enumerate(pieces):
        last = until == end
        begin, finish = 100 * since / end, 100 * until / end
        steps = f"0%{{visibility:hidden}}{begin:.2f}%{{visibility:visible}}"
        if begin < 0.005:
            steps = "0%{visibility:visible}"
        if not last:
            steps += f"{finish:.2f}%{{visibility:hidden}}"
        final = "visible" if last else "hidden"
        out.append(f"@keyframes k{index}{{{steps}100%{{visibility:{final}}}}}#t{index}{{animation:k{index} {end:.1f}s {HOLD - end:.1f}s step-end infinite}}")
        y = 44 + LINE * (number + 1)
        group = [f'<g id="t{index}"' + ("" if last else ' class="x"') + ">"]
        for column, text, (color, bold) in spans(row):
            if text.strip():
                style = ' class="b"' if bold else ""
                fill = f' style="fill:{color}"' if color != FOREGROUND else ""
                x, length = 16 + ADVANCE * column, ADVANCE * len(text)
                group.append(f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}"{style}{fill}>{html.escape(text)}</text>')
        texts.append("".join(group) + "</g>")
    out += [
        "@media (prefers-reduced-motion:reduce){g{animation:none!important}}",
        "</style>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        *(f'<circle cx="{20 + 20 * i}" cy="20" r="6" fill="{c}"/>' for i, c in enumerate(["#ff5f57", "#febc2e", "#28c840"])),
        *texts,
        "</svg>",
    ]
    return "\n".join(out) + "\n"


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser()
    parser.add_argument("--taper", default=os.path.join(root, "target/release/taper"))
    parser.add_argument("--out", default=os.path.join(root, "docs/terminal.svg"))
    options = parser.parse_args()
    program = os.path.abspath(options.taper)
    screen, frames, clock = Screen(), [(0.0, [()])], [0.0]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "config", "init", "my.toml", "--from", "digits_cnn"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        path = os.path.join(folder, "my.toml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace(*MISTAKE))

        def run(command, stop=None):
            play(screen, frames, clock, command, program, folder, stop)

        run("taper check my.toml")
        screen.put("\r\n")
        # Stopped within the second epoch.
        run("taper train mnist_cnn --set train.epochs=3", lambda seen: " 2/3" in seen and re.search(r" 2/3.* [4-9]\d ?%", seen))
        screen.put("\r\n")
        run("taper train --resume runs/mnist-cnn-0001")
    frames = thinned(frames)
    with open(options.out, "w") as file:
        file.write(draw(frames))
    print(f"{options.out}: {len(frames)} frames, {frames[-1][0]:.0f} s, {max(len(f) for _, f in frames)} rows", file=sys.stderr)


if __name__ == "__main__":
    main()
