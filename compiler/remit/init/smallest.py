"""The text of the smallest repository (docs/language.md section 2)."""

ROOT = """\
apiVersion: remit/v1
organisation: {organisation}
use: [std@1]
"""

AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {{id: {organisation}.digest, version: 0.1.0, owner: dev}}
spec:
  purpose: Summarise recent commits.
  tasks: {{range: {{since: string}}}}
  instructions: {{text: Summarise the commits and cite each hash.}}
  tools: [git.log]
  models: [dev]
  output: {{summary: string}}
"""

IGNORED = ".remit/\n"
