"""OpenVINO's client, which is made for TensorFlow Serving as well, against `taper serve`: its quickstart over HTTP, with
the bits of `taper predict`.

    python3 -m venv v && v/bin/pip install -r tests/peers/serve/requirements-ovms.txt
    v/bin/python tests/peers/serve/tensorflow_ovms.py target/release/taper
"""

import struct
import sys
import zlib

import numpy
import ovmsclient
from ovmsclient.tfs_compat.base.errors import InvalidInputError, ModelNotFoundError

from served import COUNT, images, server


def main():
    x = numpy.array(images(), numpy.float32)
    with server(sys.argv[1]) as (address, predictions):
        expected = numpy.array([row["probabilities"] for row in predictions], numpy.float32)
        client = ovmsclient.make_http_client(address)
        described(client)
        for version in ({}, {"model_version": 0}, {"model_version": 20}):
            same(client.predict(inputs={"x": x}, model_name="digits", **version), expected)
            same(client.predict(inputs={"x": x.reshape(COUNT, 28, 28, 1)}, model_name="digits", **version), expected)
        for at in range(0, COUNT, 10):
            same(client.predict(inputs={"x": x[at : at + 1].tolist()}, model_name="digits"), expected[at : at + 1])
        pictures(client)
        refused(client, x)
    print(f"ovmsclient: {COUNT} images in one request and alone, every bit as predicted")


def described(client):
    """The states and the signatures, which the client returns as TensorFlow Serving names them."""
    for version in ({}, {"model_version": 20}):
        status = client.get_model_status(model_name="digits", **version)
        assert status == {20: {"state": "AVAILABLE", "error_code": 0, "error_message": ""}}, status
        metadata = client.get_model_metadata(model_name="digits", **version)
        assert metadata["model_spec"]["version"] == "20", metadata
        signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
        sizes = [int(size["size"]) for size in signature["inputs"]["x"]["tensor_shape"]["dim"]]
        assert (sizes, signature["inputs"]["x"]["dtype"]) == ([-1, 28, 28, 1], "DT_FLOAT"), metadata


def pictures(client):
    """The files of images, as in the quickstart, are what their pixels are."""
    pixels = numpy.arange(784).reshape(28, 28) % 256
    found = client.predict(inputs={"x": png(pixels)}, model_name="digits")
    same(found, client.predict(inputs={"x": pixels.reshape(1, 28, 28)}, model_name="digits").astype(numpy.float32))


def png(pixels):
    """A gray image as a PNG file."""
    part = lambda kind, content: struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(row.tolist()) for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def refused(client, x):
    for error, inputs, name, version in (
        (ModelNotFoundError, {"x": x}, "other", 0),
        (ModelNotFoundError, {"x": x}, "digits", 9),
        (InvalidInputError, {"y": x}, "digits", 0),
        (InvalidInputError, {"x": x[:, :27]}, "digits", 0),
        (InvalidInputError, {"x": ["text"]}, "digits", 0),
    ):
        raises(error, lambda: client.predict(inputs=inputs, model_name=name, model_version=version))
    for call in (client.get_model_status, client.get_model_metadata):
        raises(ModelNotFoundError, lambda: call(model_name="other"))
        raises(ModelNotFoundError, lambda: call(model_name="digits", model_version=9))


def raises(kind, call):
    try:
        call()
    except kind as error:
        assert len(str(error)) > 60, error
    else:
        raise AssertionError(f"no {kind.__name__}")


def same(found, expected):
    found = found.astype(numpy.float32)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    assert (found.view(numpy.uint32) == expected.view(numpy.uint32)).all()


if __name__ == "__main__":
    main()
