"""Every rule there is, in the order of their codes; what is listed here is what runs."""

from remit.rules.levels.locked_rule import locked_rule
from remit.rules.levels.unknown_rule import unknown_rule
from remit.rules.syntax.custom_tag import custom_tag
from remit.rules.syntax.deceptive_text import deceptive_text
from remit.rules.syntax.duplicate_key import duplicate_key
from remit.rules.syntax.implicit_type import implicit_type
from remit.rules.syntax.invalid_yaml import invalid_yaml
from remit.rules.syntax.not_a_definition import not_a_definition
from remit.rules.syntax.several_documents import several_documents
from remit.rules.syntax.unbounded_document import unbounded_document

SYNTAX = (
    invalid_yaml,
    duplicate_key,
    not_a_definition,
    unbounded_document,
    implicit_type,
    deceptive_text,
    several_documents,
    custom_tag,
    unknown_rule,
    locked_rule,
)
"""Rules over one file as it was read."""

RULES = (*SYNTAX,)
