"""The one port to models, what a model may decide, and the adapters that ask one."""
