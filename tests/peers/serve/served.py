"""A trained network of digits, its predictions by `taper predict`, and `taper serve` for a client to talk to."""

import contextlib
import json
import pathlib
import subprocess
import tempfile

COUNT = 70


def images():
    """Drawn images, as lists of numbers that are exact in 32 bits."""
    return [[[(row * 28 + column + image) * 7 % 65 / 64 for column in range(28)] for row in range(28)] for image in range(COUNT)]


@contextlib.contextmanager
def server(program):
    """Yields the address of a server with the model `digits`, and the predictions for all images."""
    program = str(pathlib.Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        call = lambda *arguments: subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True, text=True)
        call("train", "digits_cnn", "--run-dir", "run", "--set", "train.epochs=1", "--set", "train.max_steps=20")
        pathlib.Path(folder, "images.json").write_text(json.dumps(images()))
        predictions = json.loads(call("predict", "run", "images.json", "--format", "json").stdout)["predictions"]
        command = [program, "serve", "digits=run", "--listen", "127.0.0.1:0", "--format", "json"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(process.stdout.readline())
            yield ready["url"].removeprefix("http://"), predictions
        finally:
            process.terminate()
            if process.wait(timeout=40) != 0:
                raise SystemExit(f"the server ended with {process.returncode}")
