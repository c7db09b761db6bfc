"""The network behind FastAPI.

The handlers are `async` and compute in place: handing over to a thread costs more than one image. Requests are read and
replies written by orjson, without pydantic's checks.
"""

import fastapi
import orjson

import network
from network import from_bytes, from_rows

app = fastapi.FastAPI()
predictions = network.load()


@app.post("/json")
async def predict(request: fastapi.Request):
    images = from_rows(orjson.loads(await request.body())["instances"])
    reply = orjson.dumps({"predictions": predictions(images)}, option=orjson.OPT_SERIALIZE_NUMPY)
    return fastapi.Response(reply, media_type="application/json")


@app.post("/binary")
async def predict_bytes(request: fastapi.Request):
    images = from_bytes(await request.body())
    return fastapi.Response(predictions(images).tobytes(), media_type="application/octet-stream")
