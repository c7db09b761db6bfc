"""The network behind mosec, at /inference; the environment says the form of requests, workers and the size of batches."""

import os

import numpy
import orjson
from mosec import Server, Worker

import network
from network import from_bytes, from_rows

LARGEST_BATCH = int(os.environ["PEER_BATCH"])


class Predict(Worker):
    def __init__(self):
        self.predictions = network.load()

    def forward(self, data):
        # Without batches mosec passes one request, with them a list.
        if LARGEST_BATCH == 1:
            return self.predictions(data)
        return numpy.split(self.predictions(numpy.concatenate(data)), len(data))


class Json(Predict):
    def deserialize(self, data):
        return from_rows(orjson.loads(data)["instances"])

    def serialize(self, data):
        return orjson.dumps({"predictions": data}, option=orjson.OPT_SERIALIZE_NUMPY)


class Binary(Predict):
    resp_mime_type = "application/octet-stream"

    def deserialize(self, data):
        return from_bytes(data)

    def serialize(self, data):
        return data.tobytes()


if __name__ == "__main__":
    server = Server()
    worker = {"json": Json, "binary": Binary}[os.environ["PEER_FORM"]]
    # Waits for a full batch for at most a millisecond, the least that can be set.
    server.append_worker(worker, num=int(os.environ["PEER_WORKERS"]), max_batch_size=LARGEST_BATCH, max_wait_time=1)
    server.run()
