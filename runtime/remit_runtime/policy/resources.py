"""Which registered resource a call touches. What no registration matches has no resource, and so is denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from remit_runtime.bundle.policy import ResourceIR
from remit_runtime.bundle.tool import ResourceBinding
from remit_runtime.policy.globs import glob_matches
from remit_runtime.policy.request import RISKS, ResourceRef

TOOL_TYPE = "Tool"
"""The type of the resource of a tool that touches nothing registered: the tool itself, under its own id."""


def resolve(
    resources: Iterable[ResourceIR], binding: ResourceBinding, arguments: Mapping[str, Any]
) -> ResourceRef | None:
    """The registration that a call's resource falls under, or None where there is none.

    A registration that names the resource exactly beats one that matches by a glob. Of several globs the one with
    the most literal characters wins; where that is no difference, the one with the highest risk.
    """
    if binding.type == TOOL_TYPE:
        return ResourceRef(TOOL_TYPE, binding.id) if binding.id is not None else None
    name = binding.id if binding.arg is None else arguments.get(binding.arg)
    if not isinstance(name, str):
        return None
    of_type = [resource for resource in resources if resource.type == binding.type]
    for resource in of_type:
        if not resource.pattern and resource.match == name:
            return ResourceRef(resource.type, resource.id)
    if not _is_plain(name):
        return None
    matching = [r for r in of_type if r.pattern and glob_matches(r.match, name)]
    if not matching:
        return None
    best = max(matching, key=lambda r: (len(r.match.replace("*", "")), RISKS.index(r.risk), r.id))
    return ResourceRef(best.type, best.id)


def _is_plain(name: str) -> bool:
    """Whether a name means what it says: `acme/../other` would match `acme/**` and mean something else."""
    segments = name.split("/")
    return name.isprintable() and "\\" not in name and not any(part in {"", ".", ".."} for part in segments)
