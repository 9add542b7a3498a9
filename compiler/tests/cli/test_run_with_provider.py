"""`remit run` without a script: the whole road from definitions to a provider's server, and what the record says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("pydantic_ai", reason="the extra `models` is not installed")

Remit = Callable[..., Any]
Git = Callable[..., str]

KEY = "sk-canary-0123456789abcdef"
MODEL = """\
apiVersion: remit/v1
kind: Model
metadata: {{id: {id}}}
spec:
  provider: openai
  model: m-1
  api: {api}
  endpoint: {endpoint}
  context_tokens: 32000
  max_output_tokens: 500
  capabilities: [{able}]
  price: {{input_usd_per_million: 2, output_usd_per_million: 8}}
  credential: models_key
"""
FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\nrules: {BUD006: warning}\n",
    "policies/key.yaml": """\
apiVersion: remit/v1
kind: Credential
metadata: {id: models_key}
spec: {source: {file: models.key}, hosts: [near.example, far.example, gone.example], scopes: [], max_ttl_seconds: 60}
""",
    "policies/far.yaml": MODEL.format(
        id="far", api="chat", endpoint="https://far.example/v1", able="reasoning"
    ),
    "policies/gone.yaml": MODEL.format(
        id="gone", api="chat", endpoint="https://gone.example/v1", able="json_schema"
    ),
    "policies/near.yaml": MODEL.format(
        id="near", api="responses", endpoint="https://near.example/v1", able="json_schema"
    ),
    "agents/explainer/agent.yaml": """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.explainer, version: 0.1.0, owner: dev}
spec:
  purpose: Explain a finding in plain words.
  tasks: {explain: {text: string}}
  instructions: {text: Explain what you are given.}
  models: {allowed: [far, gone, near], fallback: in_order}
  output: {text: string}
""",
}


class Asked(NamedTuple):
    path: str
    authorization: str | None
    body: Any


@pytest.fixture
def provider() -> Iterator[tuple[str, list[Asked]]]:
    """The address of a server that answers every question of Responses alike, and what it was asked."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(Asked(self.path, self.headers["authorization"], body))
            text = '{"decision":{"respond":{"text":"A key was found."}}}'
            said: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
            message: dict[str, Any] = {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [said],
            }
            answer: dict[str, Any] = {
                "id": "resp_1",
                "object": "response",
                "created_at": 1,
                "status": "completed",
                "model": "m-1",
                "output": [message],
                "parallel_tool_calls": False,
                "tool_choice": "auto",
                "tools": [],
                "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110},
            }
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the parameter of http.server
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_first_model_that_may_and_can_answer_does(
    tmp_path: Path, remit: Remit, git: Git, provider: tuple[str, list[Asked]]
) -> None:
    address, asked = provider
    folder = tmp_path / "acme"
    for path, content in FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    home = folder / ".remit"
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Begin")
    shipped = remit(folder, "ship")
    assert shipped.returncode == 0, shipped.stdout + shipped.stderr
    (home / "endpoints.toml").write_text(
        f'"near.example" = "{address}"\n"gone.example" = "http://127.0.0.1:9"\n', "utf-8"
    )
    (home / "credentials").mkdir()
    (home / "credentials/models.key").touch(mode=0o600)
    (home / "credentials/models.key").write_text(KEY, "utf-8")

    done = remit(folder, "run", "acme.explainer", "--input", "text=AKIA", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    shown = remit(folder, "runs", "show", result["run"])

    assert result["output"] == {"text": "A key was found."}
    assert result["spent"]["model_calls"] == 2
    assert result["spent"]["microusd"] == 280  # 100 tokens in at 2 and 10 out at 8 US dollars a million
    [question] = asked
    assert (question.path, question.authorization) == ("/v1/responses", f"Bearer {KEY}")
    assert "capability_missing" in shown.stdout
    assert "model_unreachable" in shown.stdout
    assert KEY not in done.stdout + shown.stdout
    assert KEY.encode() not in b"".join(file.read_bytes() for file in home.glob("journal.sqlite*"))
    assert remit(folder, "audit", "verify").returncode == 0
