"""Rules over context, memory and classes of data."""
