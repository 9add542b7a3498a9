"""The language: a frozen model for every kind of definition. Strict, without conversions, with exact decimals.

Importing costs little: the validator of a kind is built when the first definition of that kind is parsed.
"""

from typing import TypeAlias

from remit.definitions.agent import Agent
from remit.definitions.gate import Gate
from remit.definitions.graph import Graph
from remit.definitions.knowledge import ContextSource, DataClass, MemoryScope
from remit.definitions.model import Model
from remit.definitions.policy import Policy
from remit.definitions.registry import Approval, Credential, Environment, Resource, Team, Tenant
from remit.definitions.release import Release
from remit.definitions.root import Root
from remit.definitions.suite import Case, EvalSuite
from remit.definitions.tool import McpServer, Tool
from remit.definitions.words import API_VERSION

Named: TypeAlias = (
    Agent
    | Tool
    | McpServer
    | Policy
    | Resource
    | Team
    | Tenant
    | Environment
    | Gate
    | Model
    | Approval
    | DataClass
    | ContextSource
    | MemoryScope
    | Credential
    | EvalSuite
    | Release
)
"""A definition that has an id."""
Definition: TypeAlias = Named | Graph

NAMED_KINDS: dict[str, type[Named]] = {
    "Agent": Agent,
    "Tool": Tool,
    "McpServer": McpServer,
    "Policy": Policy,
    "Resource": Resource,
    "Team": Team,
    "Tenant": Tenant,
    "Environment": Environment,
    "Gate": Gate,
    "Model": Model,
    "Approval": Approval,
    "DataClass": DataClass,
    "ContextSource": ContextSource,
    "MemoryScope": MemoryScope,
    "Credential": Credential,
    "EvalSuite": EvalSuite,
    "Release": Release,
}
KINDS: dict[str, type[Definition]] = {**NAMED_KINDS, "Graph": Graph}
"""The model of every kind."""

__all__ = [
    "API_VERSION",
    "KINDS",
    "NAMED_KINDS",
    "Agent",
    "Approval",
    "Case",
    "ContextSource",
    "Credential",
    "DataClass",
    "Definition",
    "Environment",
    "EvalSuite",
    "Gate",
    "Graph",
    "McpServer",
    "MemoryScope",
    "Model",
    "Named",
    "Policy",
    "Release",
    "Resource",
    "Root",
    "Team",
    "Tenant",
    "Tool",
]
