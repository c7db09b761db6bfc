"""taper and its peers, each with the settings that are compared, and their processes."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 60

TRITON_CONFIG = """
name: "m" backend: "python" max_batch_size: %d
input [{ name: "x" data_type: TYPE_FP32 dims: [28, 28, 1] }]
output [{ name: "probabilities" data_type: TYPE_FP32 dims: [10] }]
instance_group [{ kind: KIND_CPU count: %d }]
dynamic_batching {}
"""


@dataclasses.dataclass(frozen=True)
class Setting:
    """A server with settings that apply to some forms of requests."""

    server: str
    name: str
    forms: tuple
    workers: int = 1
    threads: int = 1
    batch: int = 1

    @contextlib.contextmanager
    def started(self, context, form):
        """Yields the address and the process of the server, which ends afterwards."""
        address = f"127.0.0.1:{free_port()}"
        command, more = COMMANDS[self.server](self, context, form, address)
        network = {"PEER_NETWORK": str(context.network), "PEER_THREADS": str(self.threads)}
        python = {"PYTHONPATH": os.pathsep.join([str(HERE), sysconfig.get_path("purelib")])}
        log = context.folder / f"{self.server}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(
                command, env={**os.environ, **network, **python, **more}, stdout=file, stderr=file, start_new_session=True
            )
        try:
            wait_for(address, process, log)
            yield address, process.pid
        finally:
            end(process)
            # Triton's backend leaves its shared memory behind.
            for file in pathlib.Path("/dev/shm").glob(f"{context.folder.name}*"):
                file.unlink()


def taper(setting, context, form, address):
    return [context.taper, "-q", "serve", f"m={context.run}", "--listen", address], {}


def triton(setting, context, form, address):
    home = pathlib.Path(sysconfig.get_path("purelib"))
    server = home / "pytriton/tritonserver"
    backends = context.folder / "backends"
    if not backends.exists():
        shutil.copytree(server / "backends", backends)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
        shutil.copy(stub, backends / "python")
    models = context.folder / "models"
    shutil.rmtree(models, ignore_errors=True)
    (models / "m/1").mkdir(parents=True)
    shutil.copy(HERE / "triton_model.py", models / "m/1/model.py")
    (models / "m/config.pbtxt").write_text(TRITON_CONFIG % (setting.batch, setting.workers))
    host, port = address.split(":")
    arguments = [f"--model-repository={models}", f"--backend-directory={backends}", f"--http-address={host}"]
    arguments += [f"--http-port={port}", "--allow-grpc=false", "--allow-metrics=false"]
    arguments.append(f"--backend-config=python,shm-region-prefix-name={context.folder.name}")
    libraries = [str(home / "nvidia_pytriton.libs"), sysconfig.get_config_var("LIBDIR")]
    return [server / "bin/tritonserver", *arguments], {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def mosec(setting, context, form, address):
    host, port = address.split(":")
    settings = {"PEER_FORM": form, "PEER_WORKERS": str(setting.workers), "PEER_BATCH": str(setting.batch)}
    command = [sys.executable, HERE / "mosec_app.py", "--address", host, "--port", port, "--log-level", "warning"]
    return command, settings


def fastapi(setting, context, form, address):
    host, port = address.split(":")
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--host", host, "--port", port]
    return [*command, "--workers", str(setting.workers), "--no-access-log", "--log-level", "warning"], {}


COMMANDS = {"taper": taper, "triton": triton, "mosec": mosec, "fastapi": fastapi}

ROWS = ("json", "binary")
TENSORS = ("v2_json", "binary")
SETTINGS = [
    Setting("taper", "defaults", ("json", "v2_json", "binary")),
    Setting("triton", "1 instance, 1 thread, batches", TENSORS, batch=64),
    Setting("triton", "1 instance, 2 threads, batches", TENSORS, threads=2, batch=64),
    Setting("triton", "2 instances, 1 thread, batches", TENSORS, workers=2, batch=64),
    Setting("mosec", "1 worker, 1 thread, batches", ROWS, batch=16),
    Setting("mosec", "1 worker, 2 threads, batches", ROWS, threads=2, batch=16),
    Setting("mosec", "1 worker, 1 thread", ROWS),
    Setting("mosec", "2 workers, 1 thread", ROWS, workers=2),
    Setting("fastapi", "1 worker, 1 thread", ROWS),
    Setting("fastapi", "1 worker, 2 threads", ROWS, threads=2),
    Setting("fastapi", "2 workers, 1 thread", ROWS, workers=2),
    Setting("fastapi", "2 workers, 2 threads", ROWS, workers=2, threads=2),
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(address, process, log):
    """Returns when something listens at `address`. Whether it answers is seen by its first request."""
    host, port = address.split(":")
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit(f"{process.args[0]} does not listen at {address}; its log:\n{log.read_text(errors='replace')[-4000:]}")


def end(process):
    """Ends a server and what it has started, which is a session of its own."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
