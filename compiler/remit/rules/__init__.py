"""Every rule there is, in the order of their codes; what is listed here is what runs."""

from collections.abc import Mapping
from typing import Any

from remit.definitions import (
    Agent,
    Approval,
    ContextSource,
    Credential,
    DataClass,
    Definition,
    Environment,
    EvalSuite,
    Gate,
    McpServer,
    MemoryScope,
    Model,
    Policy,
    Release,
    Tool,
)
from remit.flow import Flow
from remit.link import Unit
from remit.rule import Rule
from remit.rules.authority.approver_group_empty import approver_group_empty
from remit.rules.authority.child_exceeds_parent import child_exceeds_parent
from remit.rules.authority.confused_deputy_path import confused_deputy_path
from remit.rules.authority.grant_beyond_autonomy import grant_beyond_autonomy
from remit.rules.authority.grant_wildcard import grant_wildcard
from remit.rules.authority.probe_not_granted import probe_not_granted
from remit.rules.authority.scope_that_no_tool_needs import scope_that_no_tool_needs
from remit.rules.authority.tool_not_granted import tool_not_granted
from remit.rules.authority.unused_grant import unused_grant
from remit.rules.budgets.capability_missing import capability_missing
from remit.rules.budgets.child_budget_over_parent import child_budget_over_parent
from remit.rules.budgets.model_alias_floating import model_alias_floating
from remit.rules.budgets.model_not_allowed import model_not_allowed
from remit.rules.budgets.unknown_price import unknown_price
from remit.rules.budgets.worst_case_over_budget import worst_case_over_budget
from remit.rules.evals.release_without_evidence import release_without_evidence
from remit.rules.evals.suite_of_another_agent import suite_of_another_agent
from remit.rules.evals.too_few_cases import too_few_cases
from remit.rules.graph.check_never_passes import check_never_passes
from remit.rules.graph.dead_end import dead_end
from remit.rules.graph.dead_route import dead_route
from remit.rules.graph.effect_without_approval import effect_without_approval
from remit.rules.graph.handoff_cycle import handoff_cycle
from remit.rules.graph.lost_branch import lost_branch
from remit.rules.graph.maybe_unset import maybe_unset
from remit.rules.graph.missing_route import missing_route
from remit.rules.graph.no_way_to_end import no_way_to_end
from remit.rules.graph.skipped_approval import skipped_approval
from remit.rules.graph.start_at_end import start_at_end
from remit.rules.graph.unbounded_loop import unbounded_loop
from remit.rules.graph.undefined_field import undefined_field
from remit.rules.graph.unfit_binding import unfit_binding
from remit.rules.graph.unfit_for_branch import unfit_for_branch
from remit.rules.graph.unreachable_state import unreachable_state
from remit.rules.knowledge.catastrophic_pattern import catastrophic_pattern
from remit.rules.knowledge.class_reaches_egress import class_reaches_egress
from remit.rules.knowledge.class_undeclared import class_undeclared
from remit.rules.knowledge.memory_write_without_review import memory_write_without_review
from remit.rules.knowledge.namespace_shared_across_tenants import namespace_shared_across_tenants
from remit.rules.knowledge.packet_beyond_window import packet_beyond_window
from remit.rules.knowledge.redaction_missing import redaction_missing
from remit.rules.levels.locked_rule import locked_rule
from remit.rules.levels.unknown_rule import unknown_rule
from remit.rules.policies.always_allow_on_write import always_allow_on_write
from remit.rules.policies.conflicting_decisions import conflicting_decisions
from remit.rules.policies.reachable_tool_without_decision import reachable_tool_without_decision
from remit.rules.policies.rule_never_matches import rule_never_matches
from remit.rules.policies.rule_shadowed import rule_shadowed
from remit.rules.policies.undefined_attribute import undefined_attribute
from remit.rules.policies.unusable_policy import unusable_policy
from remit.rules.policies.wrong_comparison import wrong_comparison
from remit.rules.prompts.closable_mark import closable_mark
from remit.rules.prompts.dangerous_template_feature import dangerous_template_feature
from remit.rules.prompts.invalid_template import invalid_template
from remit.rules.prompts.over_token_limit import over_token_limit
from remit.rules.prompts.secret_in_prompt import secret_in_prompt
from remit.rules.prompts.tool_not_in_reach import tool_not_in_reach
from remit.rules.prompts.unbound_placeholder import unbound_placeholder
from remit.rules.prompts.unused_input import unused_input
from remit.rules.references.duplicate_id import duplicate_id
from remit.rules.references.import_cycle import import_cycle
from remit.rules.references.missing_file import missing_file
from remit.rules.references.path_leaves_repository import path_leaves_repository
from remit.rules.references.retired_target import retired_target
from remit.rules.references.undefined_reference import undefined_reference
from remit.rules.references.unused_definition import unused_definition
from remit.rules.references.wrong_kind import wrong_kind
from remit.rules.schema.exclusive_keys import exclusive_keys
from remit.rules.schema.misplaced_key import misplaced_key
from remit.rules.schema.missing_key import missing_key
from remit.rules.schema.unknown_api_version import unknown_api_version
from remit.rules.schema.unknown_key import unknown_key
from remit.rules.schema.unknown_value import unknown_value
from remit.rules.schema.wrong_type import wrong_type
from remit.rules.security.high_entropy_string import high_entropy_string
from remit.rules.security.incomplete_suppression import incomplete_suppression
from remit.rules.security.literal_secret import literal_secret
from remit.rules.security.local_address import local_address
from remit.rules.security.plain_http import plain_http
from remit.rules.security.secret_to_wrong_host import secret_to_wrong_host
from remit.rules.security.shell_interpolation import shell_interpolation
from remit.rules.security.stale_suppression import stale_suppression
from remit.rules.security.suppression_of_locked_rule import suppression_of_locked_rule
from remit.rules.security.unpinned_command import unpinned_command
from remit.rules.syntax.custom_tag import custom_tag
from remit.rules.syntax.deceptive_text import deceptive_text
from remit.rules.syntax.duplicate_key import duplicate_key
from remit.rules.syntax.implicit_type import implicit_type
from remit.rules.syntax.invalid_yaml import invalid_yaml
from remit.rules.syntax.not_a_definition import not_a_definition
from remit.rules.syntax.several_documents import several_documents
from remit.rules.syntax.unbounded_document import unbounded_document
from remit.rules.tools.argument_without_role import argument_without_role
from remit.rules.tools.instructing_description import instructing_description
from remit.rules.tools.invalid_json_schema import invalid_json_schema
from remit.rules.tools.mcp_drift import mcp_drift
from remit.rules.tools.open_additional_properties import open_additional_properties
from remit.rules.tools.side_effect_mismatch import side_effect_mismatch
from remit.rules.tools.unbounded_argument import unbounded_argument
from remit.rules.tools.unfit_source_argument import unfit_source_argument

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

LINKED = (
    unknown_key,
    missing_key,
    wrong_type,
    unknown_value,
    misplaced_key,
    exclusive_keys,
    unknown_api_version,
    undefined_reference,
    wrong_kind,
    duplicate_id,
    path_leaves_repository,
    missing_file,
    invalid_json_schema,
    invalid_template,
    dangerous_template_feature,
    import_cycle,
    secret_in_prompt,
    literal_secret,
    high_entropy_string,
    undefined_attribute,
    wrong_comparison,
    unusable_policy,
)
"""Rules over what parsing and linking one definition file found."""

GRAPHS = (start_at_end, unreachable_state, dead_end, no_way_to_end, unbounded_loop)
"""Rules over one state graph."""

AGENTS: tuple[Rule[Unit[Agent]], ...] = (
    handoff_cycle,
    model_not_allowed,
    packet_beyond_window,
)
"""Rules over one agent."""

TOOLS: tuple[Rule[Unit[Any]], ...] = (
    unused_definition,
    argument_without_role,
    side_effect_mismatch,
    mcp_drift,
    open_additional_properties,
    unbounded_argument,
    instructing_description,
    shell_interpolation,
    secret_to_wrong_host,
    local_address,
)
"""Rules over one tool."""

UNITS: Mapping[type[Definition], tuple[Rule[Unit[Any]], ...]] = {
    Agent: AGENTS,
    Approval: (
        unused_definition,
        approver_group_empty,
    ),
    ContextSource: (
        unused_definition,
        unfit_source_argument,
    ),
    Credential: (
        unused_definition,
        scope_that_no_tool_needs,
    ),
    DataClass: (
        unused_definition,
        redaction_missing,
        catastrophic_pattern,
    ),
    Environment: (local_address,),
    EvalSuite: (too_few_cases,),
    Gate: (suite_of_another_agent,),
    McpServer: (
        unused_definition,
        plain_http,
        unpinned_command,
        instructing_description,
    ),
    MemoryScope: (
        unused_definition,
        memory_write_without_review,
        namespace_shared_across_tenants,
    ),
    Model: (
        unused_definition,
        unknown_price,
        model_alias_floating,
        capability_missing,
        secret_to_wrong_host,
        plain_http,
    ),
    Policy: (
        grant_wildcard,
        conflicting_decisions,
        always_allow_on_write,
        rule_shadowed,
        rule_never_matches,
    ),
    Release: (retired_target, release_without_evidence),
    Tool: TOOLS,
}
"""Rules over one definition, by its kind."""

FLOWS: tuple[Rule[Flow], ...] = (
    confused_deputy_path,
    child_budget_over_parent,
    worst_case_over_budget,
    dead_route,
    missing_route,
    maybe_unset,
    lost_branch,
    unfit_for_branch,
    child_exceeds_parent,
    grant_beyond_autonomy,
    probe_not_granted,
    tool_not_granted,
    unused_grant,
    effect_without_approval,
    skipped_approval,
    undefined_field,
    unfit_binding,
    check_never_passes,
    unbound_placeholder,
    tool_not_in_reach,
    closable_mark,
    over_token_limit,
    unused_input,
    reachable_tool_without_decision,
    class_undeclared,
    class_reaches_egress,
)
"""Rules over the states of one agent, whatever its form."""

SUPPRESSIONS = (stale_suppression, incomplete_suppression, suppression_of_locked_rule)
"""Rules over the suppressions of `remit.yaml`, when everything else was found."""

RULES: tuple[Rule[Any], ...] = (
    *SYNTAX,
    *LINKED,
    *dict.fromkeys(rule for rules in UNITS.values() for rule in rules),
    *GRAPHS,
    *FLOWS,
    *SUPPRESSIONS,
)
