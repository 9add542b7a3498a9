"""CTX004."""

from collections.abc import Iterator

from remit.definitions import MemoryScope, Tenant
from remit.diagnostic import Note
from remit.link import Unit
from remit.rule import Finding, rule


@rule("namespace-shared-across-tenants", "CTX004", since="0.4")
def namespace_shared_across_tenants(unit: Unit[MemoryScope]) -> Iterator[Finding]:
    """Memory that agents write for all tenants together.

    ## Why

    A Tenant is a customer or a unit whose data is its own. What a run of one tenant keeps in a scope without `tenant`
    in its namespace, a run of another tenant finds there.

    ## Wrong

    ```yaml file=policies/retail.yaml
    apiVersion: remit/v1
    kind: Tenant
    metadata: {id: retail}
    spec: {}
    ```

    ```yaml file=policies/cases.yaml
    apiVersion: remit/v1
    kind: MemoryScope
    metadata: {id: cases}
    spec: {memory: episodic, namespace: [agent], retention_days: 90}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      memory: {write: [cases]}
      output: {summary: string}
    ```

    ## Right

    ```yaml file=policies/retail.yaml
    apiVersion: remit/v1
    kind: Tenant
    metadata: {id: retail}
    spec: {}
    ```

    ```yaml file=policies/cases.yaml
    apiVersion: remit/v1
    kind: MemoryScope
    metadata: {id: cases}
    spec: {memory: episodic, namespace: [tenant, agent], retention_days: 90}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      memory: {write: [cases]}
      output: {summary: string}
    ```

    ## Exceptions

    What agents only read may be meant for everybody.
    """
    if "tenant" in unit.definition.spec.namespace:
        return
    uses = unit.portfolio.users(MemoryScope, unit.definition.metadata.id)
    writer = next((use for use in uses if use.at[:3] == ("spec", "memory", "write")), None)
    tenant = next(iter(unit.portfolio.of(Tenant).values()), None) if writer is not None else None
    if writer is not None and tenant is not None:
        yield Finding(
            unit.span(("spec", "namespace")),
            f"the tenants share what is written to `{unit.definition.metadata.id}`",
            (
                Note("it is written by this agent", unit.portfolio.span(writer.path, writer.at)),
                Note(
                    f"`{tenant.metadata.id}` is a tenant",
                    unit.portfolio.span(unit.portfolio.path_of(tenant), ("metadata", "id")),
                ),
            ),
            "add `tenant` to the namespace",
        )
