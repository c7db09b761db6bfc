"""Triton's own client against `taper serve`: its quickstart, in each encoding, with the bits of `taper predict`.

    python3 -m venv v && v/bin/pip install -r tests/peers/serve/requirements-triton.txt
    v/bin/python tests/peers/serve/v2_triton.py target/release/taper
"""

import sys

import numpy
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from served import COUNT, images, server


def main():
    x = numpy.array(images(), numpy.float32)
    with server(sys.argv[1]) as (address, predictions):
        expected = numpy.array([row["probabilities"] for row in predictions], numpy.float32)
        classes = [row["class"] for row in predictions]
        with triton.InferenceServerClient(address) as client:
            health(client)
            for binary_in in (True, False):
                for binary_out in (True, False):
                    for packed in (None, "gzip", "deflate"):
                        infer(client, x, expected, classes, (binary_in, binary_out, packed))
            others(client, x, expected)
            refused(client, x)
    print(f"tritonclient: {COUNT} images, 12 encodings, every bit as predicted")


def health(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("digits") and client.is_model_ready("digits", "20")
    assert not client.is_model_ready("other") and not client.is_model_ready("digits", "9")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("digits")
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 28, 28, 1]}], metadata
    index = client.get_model_repository_index()
    assert index == [{"name": "digits", "version": "20", "state": "READY", "reason": ""}], index


def infer(client, x, expected, classes, encoding):
    binary_in, binary_out, packed = encoding
    sample = triton.InferInput("x", [COUNT, 28, 28, 1], "FP32")
    sample.set_data_from_numpy(x.reshape(COUNT, 28, 28, 1), binary_data=binary_in)
    names = ("probabilities", "class", "class_index", "logits")
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    result = client.infer("digits", [sample], outputs=outputs, request_id="7", request_compression_algorithm=packed)
    same(result.as_numpy("probabilities"), expected)
    found = result.as_numpy("class")
    assert [name.decode() if isinstance(name, bytes) else name for name in found] == classes, found
    assert result.as_numpy("class_index").tolist() == expected.argmax(1).tolist()
    assert result.as_numpy("logits").shape == (COUNT, 10)
    assert result.get_response()["id"] == "7"


def others(client, x, expected):
    """The defaults of the client, a version, a reply to be packed, a request that is waited for later."""
    sample = triton.InferInput("x", [1, 28, 28], "FP32")
    sample.set_data_from_numpy(x[:1])
    same(client.infer("digits", [sample]).as_numpy("probabilities"), expected[:1])
    result = client.infer("digits", [sample], model_version="20", response_compression_algorithm="gzip")
    same(result.as_numpy("probabilities"), expected[:1])
    same(client.async_infer("digits", [sample]).get_result().as_numpy("probabilities"), expected[:1])
    pixels = triton.InferInput("x", [1, 28, 28], "UINT8")
    pixels.set_data_from_numpy((x[:1] * 255).astype(numpy.uint8))
    assert client.infer("digits", [pixels]).as_numpy("probabilities").shape == (1, 10)


def refused(client, x):
    for name, shape, model in (("y", [1, 28, 28], "digits"), ("x", [1, 28, 27], "digits"), ("x", [1, 28, 28], "other")):
        sample = triton.InferInput(name, shape, "FP32")
        sample.set_data_from_numpy(x[:1, :, : shape[2]])
        try:
            client.infer(model, [sample])
        except InferenceServerException as error:
            assert error.status() in ("400", "404") and error.message(), error
        else:
            raise AssertionError((name, shape, model))


def same(found, expected):
    assert found.dtype == numpy.float32 and found.shape == expected.shape, (found.dtype, found.shape)
    assert (found.view(numpy.uint32) == expected.view(numpy.uint32)).all()


if __name__ == "__main__":
    main()
