"""KServe's own client against `taper serve`, by both of its protocols, with the bits of `taper predict`.

    python3 -m venv v && v/bin/pip install -r tests/peers/serve/requirements-kserve.txt
    v/bin/python tests/peers/serve/v2_kserve.py target/release/taper
"""

import asyncio
import sys

import httpx
import numpy
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from served import COUNT, images, server


async def main():
    x = numpy.array(images(), numpy.float32)
    with server(sys.argv[1]) as (address, predictions):
        expected = numpy.array([row["probabilities"] for row in predictions], numpy.float32)
        base = f"http://{address}"
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
            assert await client.is_server_live(base) is True and await client.is_server_ready(base) is True
            assert await client.is_model_ready(base, "digits") is True
            for binary_in in (True, False):
                for binary_out in (None, True, False):
                    found = await infer(client, base, x, binary_in, binary_out)
                    same(found.get_output_by_name("probabilities").as_numpy(), expected)
                    assert (found.model_name, found.id) == ("digits", "7")
            await refused(client, base, x)
        async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
            found = await client.infer(base, {"instances": images()}, model_name="digits")
            same(numpy.array(found["predictions"], numpy.float32), expected)
    print(f"kserve: {COUNT} images, 6 encodings and TensorFlow's protocol, every bit as predicted")


async def infer(client, base, x, binary_in, binary_out):
    sample = InferInput("x", [COUNT, 28, 28], "FP32")
    sample.set_data_from_numpy(x, binary_data=binary_in)
    outputs = [] if binary_out is None else [RequestedOutput("probabilities", {"binary_data": binary_out})]
    request = InferRequest("digits", [sample], request_id="7", request_outputs=outputs)
    return await client.infer(base, request, model_name="digits")


async def refused(client, base, x):
    sample = InferInput("x", [1, 28, 27], "FP32")
    sample.set_data_from_numpy(x[:1, :, :27])
    try:
        await client.infer(base, InferRequest("digits", [sample]), model_name="digits")
    except httpx.HTTPStatusError as error:
        assert "unexpected shape for input 'x'" in str(error), error
    else:
        raise AssertionError("a wrong shape was accepted")


def same(found, expected):
    assert found.dtype == numpy.float32, found.dtype
    found = found.reshape(expected.shape)
    assert (found.view(numpy.uint32) == expected.view(numpy.uint32)).all()


if __name__ == "__main__":
    asyncio.run(main())
