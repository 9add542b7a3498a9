"""PRM008."""

from collections.abc import Iterator

from remit.definitions import Model
from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.prompts import AskedPrompt, asked_prompts
from remit.rule import Finding, rule
from remit.source import Span

MOST_BYTES = 4
"""Bytes of a character in UTF-8; no estimate takes a text to have more tokens than bytes."""


@rule("over-token-limit", "PRM008", since="0.4")
def over_token_limit(flow: Flow) -> Iterator[Finding]:
    """A state whose text alone has more tokens than any model of its agent may be asked.

    ## Why

    The runtime counts a question before it asks, by an estimate of its own, and asks nothing that is above the agent's
    `context.max_input_tokens` or what the model's window leaves beside its answer. A text that is above these without
    its slots, the task and the context can never be asked.

    ## Wrong

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: {text: "Write short notes on what the task says, in plain words, and cite it where that helps."}
      models: [dev]
      context: {max_input_tokens: 20}
      output: {notes: string}
    ```

    ## Right

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: {text: "Write short notes on what the task says, in plain words, and cite it where that helps."}
      models: [dev]
      context: {max_input_tokens: 2000}
      output: {notes: string}
    ```
    """
    most: int | None = None
    told: set[Span] = set()
    for state in flow.states:
        prompts = asked_prompts(flow, state)
        if not prompts:
            continue
        most = _most(flow) if most is None else most
        tokens = _tokens_above(prompts, most)
        if tokens is None:
            continue
        longest = max(prompts, key=_length)
        span = flow.unit.portfolio.span(longest.path, longest.at)
        if span not in told:
            told.add(span)
            message = f"the text with which `{state}` asks has {tokens} tokens, and may have {most}"
            yield Finding(span, message, (_cause(flow, most),), "shorten it, or raise what limits it")


def _tokens_above(prompts: tuple[AskedPrompt, ...], limit: int) -> int | None:
    """The tokens of the text of some prompts, by the runtime's estimate, if they are more than a limit."""
    if sum(map(_length, prompts)) * MOST_BYTES <= limit:
        return None
    from remit.lower.tokens import estimated_tokens  # of the runtime; few texts are that long

    tokens = estimated_tokens("".join(text for prompt in prompts for text in prompt.words))
    return tokens if tokens > limit else None


def _length(prompt: AskedPrompt) -> int:
    return sum(map(len, prompt.words))


def _most(flow: Flow) -> int:
    """The most tokens that a question of an agent may have."""
    window = _window(flow)
    own = flow.agent.spec.context.max_input_tokens
    return own if window is None else min(own, _left(window))


def _window(flow: Flow) -> Model | None:
    """The model with the largest window of those that may be asked; None where one of them cannot be read."""
    grant = flow.agent.spec.models
    names = grant.allowed if grant.fallback == "in_order" else grant.allowed[:1]
    models = [flow.unit.portfolio.find(Model, name) for name in names]
    read = [model for model in models if model is not None]
    return max(read, key=_left, default=None) if len(read) == len(models) else None


def _left(model: Model) -> int:
    """The tokens that the window of a model leaves beside its answer."""
    return max(model.spec.context_tokens - model.spec.max_output_tokens, 0)


def _cause(flow: Flow, most: int) -> Note:
    """What limits a question to so many tokens."""
    context = flow.agent.spec.context
    window = _window(flow)
    if window is not None and most < context.max_input_tokens:
        path = flow.unit.portfolio.path_of(window)
        span = flow.unit.portfolio.span(path, ("spec", "context_tokens"))
        return Note(f"the window of `{window.metadata.id}` leaves {most} beside an answer", span)
    if "max_input_tokens" in context.model_fields_set:
        return Note(
            f"`max_input_tokens` is {most} here", flow.unit.span(("spec", "context", "max_input_tokens"))
        )
    return Note(f"`context.max_input_tokens` is left out, and so {most}")
