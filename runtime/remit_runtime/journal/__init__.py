"""The journal: the only store of the runtime. Events, effects, approvals, ledger and audit in one SQL schema."""
