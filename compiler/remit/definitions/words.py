"""Words that all kinds share: the form of every part, ids, versions, paths, exact numbers and the marks on them.

A mark says what a field means beyond its type: that a string is the id of a Tool, a path, a state, a value with
references. `leaves` reads the marks, so that whoever links or lowers finds every such field of every kind.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, NoReturn, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")

JsonSchemaValue: TypeAlias = dict[str, Any]
"""A JSON Schema for editors."""

API_VERSION = "remit/v1"
ApiVersion = Literal["remit/v1"]

Risk = Literal["low", "medium", "high", "critical"]
Effect = Literal["read", "write", "irreversible"]

KEY = "[key]"
"""The last step of a path that means a key itself and not its value, as pydantic writes it."""

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259 section 6)."""


class Part(BaseModel):
    """The form of every part of a definition: frozen, nothing converted, no key but its own."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)


class Wrong(NamedTuple):
    """One thing that a field's own check found wrong; `at` leads from the field's value to the place.

    `kind` is the kind of the fault it becomes; `subject` and `expected` are the fault's. `other_at` leads to the
    place of the cause where it lies elsewhere.
    """

    kind: str
    at: tuple[str | int, ...]
    subject: str = ""
    expected: tuple[str, ...] = ()
    other_at: tuple[str | int, ...] | None = None


def refuse(*wrongs: Wrong) -> NoReturn:
    """Ends a field's own check with all that it found.

    Raises:
        PydanticCustomError: always; `remit.parse` makes a fault of each wrong.
    """
    raise PydanticCustomError("refused", "refused", {"wrongs": wrongs})


def found(value: object) -> str:
    """What a value is, in the words of a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "`true`" if value else "`false`"
        case int():
            return "an integer"
        case Decimal():
            return "a decimal"
        case str():
            return _found_text(value)
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "something else"


def _found_text(text: str) -> str:
    if not 0 < len(text) <= 60 or "\n" in text:
        return "a string" if text else "an empty string"
    # A text that looks like something else is what its author most likely did not see.
    return f"the string `{text}`" if _LOOKS_LIKE_A_VALUE.fullmatch(text) else f"`{text}`"


_LOOKS_LIKE_A_VALUE = re.compile(r"[-+]?[0-9][0-9.eE+-]*|true|false|null")


# ---- optional fields and lists


class _LeftOut:
    """Lets a field be left out, and yet refuses an explicit null: nothing is not a value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


def _distinct(items: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(items)) < len(items):
        refuse(*repeated(tuple(((i,), str(item)) for i, item in enumerate(items))))
    return items


Maybe: TypeAlias = Annotated[T | None, _LeftOut()]
"""A field that may be left out; None where it is."""

Many: TypeAlias = Annotated[tuple[T, ...], Strict(False)]
"""A list."""

Distinct: TypeAlias = Annotated[tuple[T, ...], Strict(False), AfterValidator(_distinct)]
"""A list that holds nothing twice."""

SomeDistinct: TypeAlias = Annotated[
    tuple[T, ...], Strict(False), Field(min_length=1), AfterValidator(_distinct)
]
"""A list of at least one, that holds nothing twice."""


@dataclass(frozen=True)
class ShortForm:
    """Says to editors that a mapping may also be written as one text, or as a list."""

    type: Literal["string", "array"]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        short: JsonSchemaValue = {"type": self.type}
        if self.type == "array":
            short["items"] = {"type": "string"}
        return {"anyOf": [short, handler(schema)]}


# ---- words


@dataclass(frozen=True)
class Word:
    """A string of one form. `expected` says it to people; `names` is the kind whose id it is, or None.

    A `pinned` word may end in `@latest` or `@1.2.0`; the value is the id alone, and the words so pinned are added
    to the list that is the context of the validation, if there is one.
    """

    expected: str
    pattern: str
    names: str | None = None
    pinned: bool = False
    longest: int = 120

    @cached_property
    def form(self) -> re.Pattern[str]:
        """The compiled pattern, which has to match the whole of a word."""
        return re.compile(self.pattern)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.pinned:
            return core_schema.with_info_plain_validator_function(self._pinned)
        return core_schema.no_info_plain_validator_function(self._plain)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        pattern = f"(?:{self.pattern})(?:{_PIN})?" if self.pinned else self.pattern
        return {"type": "string", "pattern": f"^(?:{pattern})$", "maxLength": self.longest}

    def _plain(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.longest or not self.form.fullmatch(value):
            refuse(Wrong("wrong-type", (), found(value), (self.expected,)))
        return value

    def _pinned(self, value: object, info: ValidationInfo) -> str:
        if not isinstance(value, str) or "@" not in value:
            return self._plain(value)
        word, _, pin = value.partition("@")
        if not re.fullmatch(_PIN, f"@{pin}"):
            refuse(Wrong("wrong-type", (), found(value), (f"{self.expected}, `id@latest` or `id@1.2.0`",)))
        if info.context is not None:
            info.context.append(value)
        return self._plain(word)


_VERSION = r"(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})"
_PIN = rf"@(?:latest|{_VERSION})"
# Underscores never meet, so that `__` is free for what the compiler makes of ids.
_ID = r"[a-z](?:_?[a-z0-9-])*_?(?:\.[a-z0-9](?:_?[a-z0-9-])*_?)*"
_STATE = r"[A-Za-z_][A-Za-z0-9_-]*"
_STEPS = r"(?:\.(?:[A-Za-z_][A-Za-z0-9_-]*|0|[1-9][0-9]{0,8}))*"
_GLOB_HOST = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?"


def id_of(kind: str) -> Word:
    """The word that is the id of a definition of `kind`; agents and tools may be pinned to a version."""
    article = "an" if kind[0] in "AE" else "a"
    return Word(f"the id of {article} {kind}", _ID, kind, pinned=kind in ("Agent", "Tool"))


Id = Annotated[str, Word("an id such as `acme.reviewer`", _ID)]
Version = Annotated[str, Word("a version of three numbers such as `1.2.0`", _VERSION, longest=40)]
Organisation = Annotated[str, Word("one lower-case word such as `acme`", "[a-z][a-z0-9-]*", longest=60)]
Text = Annotated[str, Word("some text", r"[\s\S]*\S[\s\S]*", longest=20_000)]
"""Text for people or models; not only blanks."""
Name = Annotated[str, Word("a name such as `max_paths`", _STATE)]
"""A name that the author chooses for an argument, a value, a fact or a branch."""
TypeName = Annotated[str, Word("a type such as `Repo`", "[A-Z][A-Za-z0-9]*")]
ArgumentType = Annotated[str, Word("a type such as `repository`", "[A-Za-z][A-Za-z0-9_:.-]*")]
EnvironmentVariable = Annotated[
    str, Word("the name of an environment variable such as `TOKEN`", "[A-Za-z_][A-Za-z0-9_]*")
]
Host = Annotated[str, Word("a host such as `review.example`", _GLOB_HOST, longest=253)]
Url = Annotated[
    str,
    Word(
        "an address such as `https://review.example/api`", r"https?://[^\s/?#@]+(?:[/?#]\S*)?", longest=2000
    ),
]
FieldPath = Annotated[str, Word("a path such as `findings.0.title`", _STATE + _STEPS, longest=500)]
"""Keys and indices with dots between them, below a value that the place names."""


def short_reference_word() -> Word:
    """The word that names an earlier value without `${}`: a root and the steps below it."""
    return Word("a reference such as `review.findings`", _STATE + _STEPS, longest=500)


# ---- marks


Meaning = Literal[
    "id",  # of a definition; the leaf says of which kind
    "state",  # the id of a state of the same graph
    "reference",  # a reference without `${}`
    "binding",  # a value with `${references}`
    "prompt",  # a text source whose text has slots
    "shape",
    "schema",  # the path of a JSON Schema, or the schema
    "graph",  # the path of a Graph
    "cases",  # the path of the cases of a suite
    "tool-list",  # the path of the tools of a McpServer
    "file",  # the path of a file that is not read here
    "folder",
    "workspace-path",  # a path in the workspace of a run
]


@dataclass(frozen=True)
class Mark:
    """What a field means, for passes that look at all fields of that meaning."""

    meaning: Meaning


StateId = Annotated[str, Word("a state id such as `review`", _STATE), Mark("state")]
"""The id of a state of the same graph."""
ReferencePath = Annotated[str, short_reference_word(), Mark("reference")]
"""A reference without `${}` around it."""
_PATH = Word("a path such as `prompts/review.md`", r"[^\x00-\x1f]+", longest=500)
PathText = Annotated[str, _PATH]
"""The path of a file, relative to the folder of the definition; what the file is says a mark beside it."""
GraphPath = Annotated[str, _PATH, Mark("graph")]
CasesPath = Annotated[str, _PATH, Mark("cases")]
ToolListPath = Annotated[str, _PATH, Mark("tool-list")]
ScriptPath = Annotated[str, _PATH, Mark("file")]
FolderPath = Annotated[str, _PATH, Mark("folder")]
WorkspacePath = Annotated[str, _PATH, Mark("workspace-path")]
"""A file of the workspace that a run works on."""

AgentId = Annotated[str, id_of("Agent")]
AgentKey = Annotated[str, Word("the id of an Agent, without a version", _ID, "Agent")]
"""The id of an agent where it is a key; its version stands beside it."""
ToolId = Annotated[str, id_of("Tool")]
McpServerId = Annotated[str, id_of("McpServer")]
TeamId = Annotated[str, id_of("Team")]
TenantId = Annotated[str, id_of("Tenant")]
EnvironmentId = Annotated[str, id_of("Environment")]
ModelId = Annotated[str, id_of("Model")]
ApprovalId = Annotated[str, id_of("Approval")]
DataClassId = Annotated[str, id_of("DataClass")]
ContextSourceId = Annotated[str, id_of("ContextSource")]
MemoryScopeId = Annotated[str, id_of("MemoryScope")]
CredentialId = Annotated[str, id_of("Credential")]
SuiteId = Annotated[str, id_of("EvalSuite")]
GraderId = Annotated[str, Word("a grader id such as `shape`", "[a-z][a-z0-9_-]*")]


# ---- numbers

Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Positive = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


@dataclass(frozen=True)
class Exact:
    """An exact number from `low` to `high` with at most `places` digits behind the point."""

    places: int
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(1_000_000_000)
    without_low: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        bound = "exclusiveMinimum" if self.without_low else "minimum"
        return {"type": "number", bound: int(self.low), "maximum": int(self.high)}

    def _check(self, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            refuse(Wrong("wrong-type", (), found(value), ("a number",)))
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > self.places:
            refuse(Wrong("wrong-type", (), f"`{value}`", (f"a number with at most {self.places} places",)))
        if number < self.low or number > self.high or (self.without_low and number == self.low):
            span = f"a number {'above' if self.without_low else 'from'} {self.low} {'and up ' * self.without_low}to"
            refuse(Wrong("wrong-type", (), f"`{value}`", (f"{span} {self.high}",)))
        return number


Usd = Annotated[Decimal, Exact(6)]
"""Money in US dollars."""
Minutes = Annotated[Decimal, Exact(3, high=Decimal(10_000_000), without_low=True)]


def micro(usd: Decimal) -> int:
    """The micro-US-dollars in an amount of at most six places, exactly."""
    return int(usd.scaleb(6))


def milli(minutes: Decimal) -> int:
    """The milliseconds in a number of minutes of at most three places, exactly."""
    return int((minutes * 60).scaleb(3))


# ---- keys and ids that exclude each other


def repeated(ids: Sequence[tuple[tuple[str | int, ...], str]]) -> tuple[Wrong, ...]:
    """What is wrong with ids, each with its path, of which some stand more than once."""
    first: dict[str, tuple[str | int, ...]] = {}
    wrongs: list[Wrong] = []
    for at, name in ids:
        if name in first:
            wrongs.append(Wrong("duplicate-id", at, name, (), first[name]))
        first.setdefault(name, at)
    return tuple(wrongs)


def each_once(key: str, ids: Sequence[str]) -> None:
    """Checks that the parts in the list under `key`, whose ids these are, differ in their ids.

    Raises:
        PydanticCustomError: an id stands twice.
    """
    if len(set(ids)) < len(ids):
        refuse(*repeated(tuple(((key, i, "id"), name) for i, name in enumerate(ids))))


def exactly_one(part: BaseModel, keys: Sequence[str]) -> None:
    """Checks that just one of the fields of these keys is given; None is a field left out.

    Raises:
        PydanticCustomError: several are given, or none.
    """
    by_key = {field.alias or name: name for name, field in type(part).model_fields.items()}
    given = [key for key in keys if by_key[key] in part.model_fields_set]
    if not given:
        refuse(Wrong("missing-key", (), "", tuple(keys)))
    if len(given) > 1:
        refuse(*(Wrong("exclusive-keys", (key,), key, (given[0],), (given[0],)) for key in given[1:]))


def only_with(part: BaseModel, key: str, allowed: bool, where: str) -> None:
    """Checks that the field of `key` is given only where it means something, as `where` says.

    Raises:
        PydanticCustomError: it is given where it means nothing.
    """
    by_key = {field.alias or name: name for name, field in type(part).model_fields.items()}
    if not allowed and by_key[key] in part.model_fields_set:
        refuse(Wrong("exclusive-keys", (key,), key, (where,)))


# ---- values with references, and free JSON


class _Anything:
    """Any YAML value, as it was read."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {}


Json: TypeAlias = Annotated[Any, _Anything()]
"""Any YAML value: mappings, lists, text, integers, exact decimals, truth values, null. Never changed once read."""
Binding: TypeAlias = Annotated[Any, _Anything(), Mark("binding")]
"""Any YAML value in whose strings `${references}` may stand."""
Bindings: TypeAlias = Annotated[dict[Name, Json], Mark("binding")]
"""A mapping of bindings, such as the arguments of a tool."""
