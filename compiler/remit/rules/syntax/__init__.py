"""Rules about files as text: what no definition may hold, whatever its kind."""
