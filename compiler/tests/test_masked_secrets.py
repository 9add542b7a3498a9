"""Secrets in text: every form is found where it stands, and nothing that is shown holds one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from remit.check import check
from remit.diagnostic import RulePage
from remit.git import folder_tree
from remit.redact import Mask, SecretForm, beginnings_of, drawn_values, secret_form, secrets_in
from remit.report import FORMATS, Format, render
from remit.rule import page_of
from remit.rules import RULES

LIBRARY = Path(__file__).parents[1] / "remit/std/std@1/policies/secret.yaml"


def forms_of_the_library() -> dict[str, SecretForm]:
    # ruamel.yaml leaves the type of its stream unknown.
    loaded = YAML(typ="safe").load(LIBRARY)  # pyright: ignore[reportUnknownMemberType]
    return {name: secret_form("secret", name, regex) for name, regex in loaded["spec"]["patterns"].items()}


FORMS = forms_of_the_library()
# Each is joined from two parts, so that this file may be searched like any other.
SECRETS = {
    "aws-access-key": "AKIA" + "Q3EGRV7XK2LMNB5T",
    "github-token": "ghp_" + "4Tq8Zk1vLx6Nw3Rb9Ym2Hc7Jd5Pf0SgAe2Uo",
    "gitlab-token": "glpat-" + "Kq3vT8mZp1Xw7Lr2Nd5Y",
    "slack-token": "xoxb-" + "2417-Kq3vT8mZp1Xw",
    "private-key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "json-web-token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w",
    "api-key": "sk-" + "Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs",
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_the_library_is_sought_by_how_it_begins(name: str) -> None:
    assert FORMS[name].beginnings
    [found] = secrets_in(f"a {SECRETS[name]} b", tuple(FORMS.values()))
    assert (found.start, found.form.id) == (2, name)


@given(data=st.data(), name=st.sampled_from(sorted(FORMS)))
def test_whatever_a_form_matches_begins_as_it_says(data: st.DataObject, name: str) -> None:
    form = FORMS[name]
    text = data.draw(st.from_regex(re.compile(form.pattern.pattern, re.ASCII), fullmatch=True))

    assert text.startswith(form.beginnings)


PIECES = st.sampled_from(
    [*SECRETS.values(), " ", "\n", "x", "AKIA", "gh", "sk-", "eyJ", "-", "ghp_", "_", "risk-"]
)


@given(text=st.lists(PIECES, max_size=12).map("".join))
def test_seeking_by_beginnings_finds_what_the_pattern_alone_finds(text: str) -> None:
    for form in FORMS.values():
        quick = sorted((one.start, one.end) for one in secrets_in(text, (form,)))
        plain = [one.span() for one in form.pattern.finditer(text)]
        assert quick == plain


@pytest.mark.parametrize(
    ("pattern", "beginnings"),
    [
        ("abc[0-9]+", ("abc",)),
        (r"\bkey_(?:live|test)_[0-9]{8}", ("key_",)),
        ("(?:AB|CD)x", ("ABx", "CDx")),
        ("[ab]c[0-9]", ("ac", "bc")),
        (r"a\.b\-c\d", ("a.b-c",)),
        ("ab?cd", ()),
        ("ab*", ()),
        ("abc+", ("ab",)),
        ("(?i)abc", ()),
        ("abc|def", ()),
        ("(abc|def)", ()),
        ("[0-9]{4}", ()),
        (".*", ()),
        ("^abc", ()),
        (r"abc\|d", ("abc",)),
        ("", ()),
        ("a", ()),
    ],
)
def test_the_beginnings_of_a_pattern(pattern: str, beginnings: tuple[str, ...]) -> None:
    assert beginnings_of(pattern) == beginnings


def test_a_made_up_secret_is_none() -> None:
    assert not [
        *secrets_in("AKIA" + "IOSFODNN7EXAMPLE sk-example-of-a-key-of-a-service", tuple(FORMS.values()))
    ]


def test_a_mask_keeps_columns_and_lines() -> None:
    mask = Mask(tuple(FORMS.values()), frozenset({"and this"}))
    text = f"a {SECRETS['api-key']} b\nand this\n{SECRETS['api-key']}"

    over = mask.over(text)

    assert over == f"a {'*' * 27} b\n{'*' * 8}\n{'*' * 27}"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("token: Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs", "token"),
        ('"my-api-key": "Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs"', "api-key"),
        ("{password: Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs}", "password"),
        ("db_secret: 9f86d081884c7d659a2feaa0c55ad015", "secret"),
        ("tokens: Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs", None),
        ("token: of_the_service_of_2024_and_on", None),
        ("token: Aaaaaaaaaaaaaaaaaaaaaaaa1", None),
        ("token: Kq3vT8mZ", None),
        ("token: ${task.Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs}", None),
        ("hash: Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs", None),
        ("token: Kq3vT8mZExamplep1Xw7Lr2Nd5Yb9Hs", None),
        ("the token Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs", None),
    ],
)
def test_what_looks_drawn_by_lot(line: str, key: str | None) -> None:
    assert [found[2] for found in drawn_values(line)] == ([] if key is None else [key])


# ---- reports

TOKEN = SECRETS["github-token"]
DRAWN = "Wd7nR2xKv9Qb4" + "Mz8Tj3Lc6Pf"
LEAKS: Mapping[str, str] = {
    "remit.yaml": f"apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\nrules: {{{TOKEN}: error}}\n",
    "policies/team.yaml": f"apiVersion: remit/v1\nkind: Team\nmetadata: {{id: {TOKEN}, owner: {TOKEN}}}\n"
    f"spec: {{members: [{{principal: {TOKEN}, roles: [a], {TOKEN}: {TOKEN}}}]}}\n",
    "policies/labels.yaml": "apiVersion: remit/v1\nkind: Team\nmetadata:\n  id: one\n  owner: gone\n"
    f"  labels: {{token: {DRAWN}}}\n  {DRAWN}: 1\nspec: {{members: []}}\n",
    "agents/a/agent.yaml": "apiVersion: remit/v1\nkind: Agent\nmetadata: {id: acme.a, version: 0.1.0, owner: dev}\n"
    f"spec:\n  purpose: To say.\n  tasks: {{ask: {{a: string}}}}\n  tools: [{TOKEN.lower()}]\n  instructions: a.md\n"
    "  models: [dev]\n  output: {a: string}\n",
    "agents/a/a.md": f"{{{{ task.b }}}} {TOKEN} {{{{ {TOKEN} }}}} {{% include '{TOKEN}' %}} {{{{ '{TOKEN}' | no }}}}",
    f"tools/{TOKEN}.txt": "a",
    "tools/b.yaml": f"apiVersion: remit/v1\nkind: Tool\nmetadata: {{id: b}}\nspec: {{effect: '{TOKEN}'}}\n",
}
PAGES: tuple[RulePage, ...] = tuple(page_of(rule) for rule in RULES)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("level", ["error", "off"])
def test_no_report_shows_a_secret(tmp_path: Path, form: Format, level: str) -> None:
    for path, content in LEAKS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")

    result = check(folder_tree(tmp_path), {"SEC001": level, "PRM006": level})  # type: ignore[dict-item]

    text = render(result.diagnostics, form, result.sources, files=result.files, rules=PAGES, version="1")
    assert len(result.diagnostics) > 8
    assert TOKEN not in text
    assert DRAWN not in text
