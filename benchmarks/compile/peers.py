"""Work for the compilers and linters of others that is comparable to ours, and the commands that do it.

Their programs stand in an environment of their own (`nox -s peers`), and reach nothing but their files.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("dbt", "check-jsonschema", "cfn-lint", "yamllint")
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
"""The environment in which they report to nobody."""

_PROJECT = """name: bench
version: "1.0"
profile: bench
model-paths: [models]
flags: {send_anonymous_usage_stats: false, use_colors: false}
"""
_PROFILES = 'bench: {target: here, outputs: {here: {type: duckdb, path: ":memory:"}}}\n'
_COLUMNS = ("id", "name", "value")


def write_dbt(root: Path, models: int, seed: int = 7) -> None:
    """Writes a dbt project of `models` models, each with three references and a file of documentation and tests."""
    rng = random.Random(seed)
    (root / "models").mkdir(parents=True)
    (root / "dbt_project.yml").write_text(_PROJECT, encoding="utf-8")
    (root / "profiles.yml").write_text(_PROFILES, encoding="utf-8")
    for number in range(models):
        (root / "models" / f"m{number}.sql").write_text(_model(rng, number), encoding="utf-8")
        (root / "models" / f"m{number}.yml").write_text(documented(number), encoding="utf-8")


def _model(rng: random.Random, number: int) -> str:
    used = [rng.randrange(number) for _ in range(3)] if number >= 10 else []
    return "select 1 as id, 'x' as name, 2 as value\n" + "".join(
        f"union all select id, name, value from {{{{ ref('m{other}') }}}} "
        f"{{% if var('x', 1) %}}where id > {other}{{% endif %}}\n"
        for other in used
    )


def documented(number: int, remark: str = "") -> str:
    """The file about one model: a description, tags, and three columns with a description and a test each."""
    columns = "".join(
        f"      - name: {name}\n        description: column {name} of the model\n        data_tests: [not_null]\n"
        for name in _COLUMNS
    )
    return (
        f"version: 2\nmodels:\n  - name: m{number}\n    description: Model {number} of the bench{remark}\n"
        f"    config: {{tags: [a, b], meta: {{owner: team{number % 10}, tier: high}}}}\n    columns:\n{columns}"
    )


def write_templates(root: Path, templates: int, seed: int = 7) -> None:
    """CloudFormation templates of eight resources each, without a finding."""
    rng = random.Random(seed)
    root.mkdir(parents=True)
    for number in range(templates):
        text = "".join(_template(rng, number))
        (root / f"stack-{number}.yaml").write_text(text, encoding="utf-8")


def _template(rng: random.Random, number: int) -> Iterator[str]:
    yield f'AWSTemplateFormatVersion: "2010-09-09"\nDescription: Stack {number} of the bench\nParameters:\n'
    yield "  Stage:\n    Type: String\n    AllowedValues: [dev, prod]\n    Default: dev\nResources:\n"
    for index in range(2):
        yield f"  Queue{index}:\n    Type: AWS::SQS::Queue\n    Properties:\n"
        yield f'      QueueName: !Sub "queue-{number}-{index}-${{Stage}}"\n'
        yield f"      VisibilityTimeout: {rng.randint(30, 600)}\n      MessageRetentionPeriod: 86400\n"
        yield f"  Topic{index}:\n    Type: AWS::SNS::Topic\n    Properties:\n"
        yield f'      DisplayName: "topic {number} {index}"\n      Subscription:\n'
        yield f"        - Protocol: sqs\n          Endpoint: !GetAtt Queue{index}.Arn\n"
        yield f"  Group{index}:\n    Type: AWS::Logs::LogGroup\n    Properties:\n      RetentionInDays: 30\n"
        yield f"  Alarm{index}:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n"
        yield "      ComparisonOperator: GreaterThanThreshold\n      EvaluationPeriods: 2\n"
        yield "      MetricName: ApproximateNumberOfMessagesVisible\n      Namespace: AWS/SQS\n"
        yield f"      Period: 300\n      Statistic: Maximum\n      Threshold: {rng.randint(10, 900)}\n"
        yield "      Dimensions:\n        - Name: QueueName\n"
        yield f"          Value: !GetAtt Queue{index}.QueueName\n      AlarmActions: [!Ref Topic{index}]\n"


def dbt_parse(place: Path, project: Path) -> tuple[str, ...]:
    """The command that parses a dbt project."""
    folder = str(project)
    return (str(place / "dbt"), "parse", "--project-dir", folder, "--profiles-dir", folder)


def check_jsonschema(place: Path, schema: Path, repository: Path) -> tuple[str, ...]:
    """The command that holds every agent.yaml of a repository to the schema of agents."""
    files = sorted(map(str, repository.glob("agents/**/agent.yaml")))
    return (str(place / "check-jsonschema"), "--schemafile", str(schema), *files)


def cfn_lint(place: Path, templates: Path) -> tuple[str, ...]:
    """The command that lints the templates."""
    return (str(place / "cfn-lint"), "--", *sorted(map(str, templates.glob("*.yaml"))))


def yamllint(place: Path, repository: Path) -> tuple[str, ...]:
    """The command that lints every YAML file of a repository, without the rules that are about looks."""
    looks = ("braces", "brackets", "comments", "document-start", "indentation", "line-length")
    rules = {"extends": "default", "rules": dict.fromkeys(looks, "disable")}
    return (str(place / "yamllint"), "-d", json.dumps(rules), str(repository))
