"""Flow: what goes along the states of an agent. Its states, in whatever form they were written, are one `Flow`."""

from remit.flow.states import Edge, Flow, FlowState, Slot, flow_of

__all__ = ["Edge", "Flow", "FlowState", "Slot", "flow_of"]
