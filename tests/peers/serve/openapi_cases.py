"""Requests that schemathesis makes up from the OpenAPI document of `taper serve`, right and wrong ones: no reply is a 5xx, and each is one
that the document describes.

    python3 -m venv v && v/bin/pip install -r tests/peers/serve/requirements-openapi.txt
    v/bin/python tests/peers/serve/openapi_cases.py target/release/taper [CASES [SEED]]      (by default 10,000)
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import schemathesis

from served import server

# What is not checked, because TensorFlow Serving or the network decides: another method is 400 below /v1, not 405; a body of the
# right form can have the wrong shape; and what is superfluous in a body is ignored.
LEFT_OUT = "unsupported_method,positive_data_acceptance,negative_data_rejection"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of the requests are for the model, and for its version, that is there."""
    if path_parameters:
        for name, there in (("model", "digits"), ("version", "20")):
            if name in path_parameters and len(str(path_parameters[name])) % 2 == 0:
                path_parameters[name] = there
    return path_parameters


def main():
    program, cases = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    here = pathlib.Path(__file__).resolve()
    command = pathlib.Path(sys.executable).with_name("schemathesis")
    with tempfile.TemporaryDirectory() as folder, server(program) as (address, _):
        report = pathlib.Path(folder, "report.json")
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": here.stem, "PYTHONPATH": str(here.parent)}
        document = f"http://{address}/openapi.json"
        options = ["--exclude-checks", LEFT_OUT, "--continue-on-failure", "--seed", seed, "--suppress-health-check", "all"]
        options += ["--phases", "examples,coverage,fuzzing", "--report", "json", "--report-json-path", report, "--warnings", "off"]
        # Operations without parameters have few different cases, so more are asked for than are sent.
        options += ["--max-examples", str(max(1, cases // 15)), "--no-color"]
        found = subprocess.run([command, "run", document, *options], cwd=folder, env=environment, check=False)
        print(json.dumps(json.loads(report.read_text()), indent=1)[:3000])
    sys.exit(found.returncode)


if __name__ == "__main__":
    main()
