"""The only way from a run to a tool or a model: every stage of a call, in one order, before anything is sent."""
