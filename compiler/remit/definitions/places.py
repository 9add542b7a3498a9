"""Where definitions stand: which kinds a path of the repository may hold."""

_POLICY_KINDS = (
    "Policy",
    "Resource",
    "Team",
    "Tenant",
    "Environment",
    "Gate",
    "Model",
    "Approval",
    "DataClass",
    "ContextSource",
    "MemoryScope",
    "Credential",
)
_KINDS_BELOW = {"agents": ("Agent", "Graph"), "tools": ("Tool", "McpServer"), "policies": _POLICY_KINDS}
ROOT_FILE = "remit.yaml"


def kinds_at(path: str) -> tuple[str, ...]:
    """The kinds that the file at `path` (POSIX, from the root of a repository or library) may hold.

    Empty where no definition is read there: any other file, and the root marker, which has no kind.
    """
    folders = path.split("/")
    name = folders.pop()
    if not folders or not name.endswith((".yaml", ".yml")):
        return ()
    top = folders[0]
    if top == "evals":
        return ("EvalSuite",) if len(folders) == 2 and name in ("suite.yaml", "suite.yml") else ()
    if top == "releases":
        return ("Release",) if len(folders) == 1 else ()
    if folders[:2] == ["policies", "tests"]:
        return ()
    return _KINDS_BELOW.get(top, ())
