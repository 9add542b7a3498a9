"""The tools of the synthetic repository: over HTTP or as local programs, a third of them with an effect."""

from __future__ import annotations

import random

from shared_names import Files, generator, sentence, team, tool_id, writes


def tool_files(seed: int, i: int) -> Files:
    """The definition of a tool, and the schema beside it where it is the first of its folder."""
    rng = generator(seed, "tool", i)
    place = f"tools/{tool_id(i).partition('.')[0]}"
    if writes(i):
        text = _writing(rng, i)
    elif i % 3 == 0:
        text = _asking(rng, i)
    else:
        text = _local(rng, i)
    yield f"{place}/{tool_id(i)}.yaml", text


def _head(rng: random.Random, i: int) -> str:
    return f"""apiVersion: remit/v1
kind: Tool
metadata:
  id: {tool_id(i)}
  version: 1.{i % 4}.{i % 9}
  owner: {team(i)}
  description: "{sentence(rng)}"
"""


_INPUT = """  input:
    type: object
    additionalProperties: false
    required: [repo]
    properties:
      repo: {type: string, maxLength: 200}
      number: {type: integer, minimum: 1, maximum: 100000}
      query: {type: string, maxLength: 500}
"""
_OUTPUT = """  output:
    type: object
    additionalProperties: false
    required: [text]
    properties:
      text: {type: string}
"""


def _asking(rng: random.Random, i: int) -> str:
    """A tool that reads over HTTP."""
    return f"""{_head(rng, i)}spec:
  effect: read
  resource: {{type: Repo, arg: repo}}
{_INPUT}{_OUTPUT}  arguments:
    repo: {{role: target, type: repository}}
  limits: {{timeout_seconds: {rng.randint(5, 60)}, rate_per_minute: {rng.randint(5, 100)}}}
  credential: {{ref: tools-token, scopes: ["tools:read"], ttl_seconds: 60}}
  implementation:
    http:
      method: GET
      url: "https://tools.example/{{+repo}}/t{i}"
      hosts: [tools.example]
      query: [number, query]
"""


def _local(rng: random.Random, i: int) -> str:
    """A tool that runs a program over the checkout."""
    return f"""{_head(rng, i)}spec:
  effect: read
  resource: {{type: Workspace, id: repository}}
  input:
    type: object
    additionalProperties: false
    properties:
      query: {{type: string, maxLength: 200, default: "."}}
      paths: {{type: array, maxItems: 100, items: {{type: string, maxLength: 500}}}}
{_OUTPUT}  limits: {{timeout_seconds: {rng.randint(5, 60)}}}
  implementation:
    process:
      argv: [git, grep, -n, -E, -e, "{{query}}", --, "{{paths}}"]
      output: text
      ok_exit_codes: [0, 1]
"""


def _writing(rng: random.Random, i: int) -> str:
    """A tool that writes over HTTP."""
    return f"""{_head(rng, i)}spec:
  capability: {tool_id(i).rpartition(".")[0]}
  effect: write
  resource: {{type: Repo, arg: repo}}
  input:
    type: object
    additionalProperties: false
    required: [repo, number, body]
    properties:
      repo: {{type: string, maxLength: 200}}
      number: {{type: integer, minimum: 1, maximum: 100000}}
      body: {{type: string, maxLength: 20000}}
{_OUTPUT}  arguments:
    repo: {{role: target, type: repository}}
    number: {{role: target, type: "object-id:{tool_id(i).partition(".")[0]}"}}
    body: {{role: content}}
  recovery: {{mode: {rng.choice(["manual", "idempotent"])}}}
  limits: {{timeout_seconds: 20, rate_per_minute: {rng.randint(5, 30)}}}
  credential: {{ref: tools-token, scopes: ["tools:write"], ttl_seconds: 60}}
  implementation:
    http:
      method: POST
      url: "https://tools.example/{{+repo}}/t{i}/{{number}}"
      hosts: [tools.example]
      body: arguments
"""
