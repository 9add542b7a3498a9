"""Rules over one state graph: every path has a beginning, an end and a bound."""
