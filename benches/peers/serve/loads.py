"""Requests with one image in the form that each server takes, and what their replies have to hold."""

import gzip
import http.client
import json
import subprocess
import time

import numpy

COUNT = 16  # connections; each sends its own image
CHECKED = 100  # images on which ONNX Runtime is compared with taper
TOLERANCE = 1e-5  # of a probability; for servers other than taper
READY_SECONDS = 30


def images(data, count=CHECKED):
    """The first test images of MNIST, as numbers from 0 to 1."""
    content = gzip.decompress((data / "mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    pixels = numpy.frombuffer(content, numpy.uint8, offset=16).reshape(-1, 28, 28)[:count]
    return pixels.astype(numpy.float32) / numpy.float32(255)


def predictions(taper, run, samples, folder):
    """What `taper predict` computes."""
    file = folder / "images.json"
    file.write_text(text(samples))
    output = subprocess.run([taper, "-q", "predict", "--format", "json", run, file], check=True, capture_output=True)
    rows = json.loads(output.stdout)["predictions"]
    return numpy.array([row["probabilities"] for row in rows], numpy.float32)


def write(server, form, samples, expected, folder):
    """Writes the file of requests for `cargo bench --bench serve -- --requests FILE`, with their bodies next to it."""
    path, headers, values, body = FORMS[server, form]
    requests = []
    for index, (sample, row) in enumerate(zip(samples[:COUNT], expected)):
        name = f"{server}-{form}-{index}.body"
        content, length = body(sample)
        (folder / name).write_bytes(content)
        if length is not None:  # the same for all images
            headers = [f"Inference-Header-Content-Length: {length}"]
        # Numbers of 32 bits are exact as Python's, and written so that they are read as they were.
        requests.append({"body": name, "expected": row.tolist()})
    tolerance = 0.0 if server == "taper" else TOLERANCE
    file = folder / f"{server}-{form}.json"
    described = {"path": path, "headers": headers, "values": values, "tolerance": tolerance, "requests": requests}
    file.write_text(json.dumps(described))
    return file


def wait_for_reply(address, file):
    """Sends the first request until it is answered: workers may still be loading."""
    described = json.loads(file.read_text())
    body = (file.parent / described["requests"][0]["body"]).read_bytes()
    headers = dict(header.split(": ") for header in described["headers"])
    end = time.monotonic() + READY_SECONDS
    while True:
        connection = http.client.HTTPConnection(address, timeout=READY_SECONDS)
        try:
            connection.request("POST", described["path"], body, headers)
            reply = connection.getresponse()
            found = f"{reply.status} {reply.read()[:500]}"
            if reply.status == 200:
                return
        except OSError as error:
            found = str(error)
        finally:
            connection.close()
        if time.monotonic() > end:
            raise SystemExit(f"{file.stem}: no answer in {READY_SECONDS} s, but {found}")
        time.sleep(0.1)


def text(values):
    """JSON with the shortest digits that are the same numbers in 32 bits, without spaces."""
    if numpy.ndim(values):
        return f"[{','.join(map(text, values))}]"
    return str(values)


def rows(sample):
    return f'{{"instances":{text(sample[None])}}}'.encode(), None


def tensor(sample):
    head = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,28,28,1],"data":'
    return f"{head}{text(sample.ravel())}}}]}}".encode(), None


def binary_tensor(sample):
    """The Open Inference Protocol's extension for binary data."""
    size = {"binary_data_size": sample.nbytes}
    inputs = [{"name": "x", "datatype": "FP32", "shape": [1, 28, 28, 1], "parameters": size}]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return head + sample.tobytes(), len(head)


def raw(sample):
    return sample.tobytes(), None


JSON = ["Content-Type: application/json"]
BYTES = ["Content-Type: application/octet-stream"]
V2 = "/v2/models/m/infer"
FORMS = {  # the path, the headers, where the outputs are, and the body
    ("taper", "json"): ("/v1/models/m:predict", JSON, "/predictions", rows),
    ("taper", "v2_json"): (V2, JSON, "/outputs/0/data", tensor),
    ("taper", "binary"): (V2, [], None, binary_tensor),
    ("triton", "v2_json"): (V2, JSON, "/outputs/0/data", tensor),
    ("triton", "binary"): (V2, [], None, binary_tensor),
    ("mosec", "json"): ("/inference", JSON, "/predictions", rows),
    ("mosec", "binary"): ("/inference", BYTES, None, raw),
    ("fastapi", "json"): ("/json", JSON, "/predictions", rows),
    ("fastapi", "binary"): ("/binary", BYTES, None, raw),
}
