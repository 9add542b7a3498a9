"""A GitHub on the loopback interface: the REST paths that the portfolio's tools ask, with state.

Written from GitHub's published description of its REST API, version 2022-11-28: paths, methods, media types, statuses,
bodies of errors, rate limits, pages. It is stricter than GitHub: a parameter or a key of a body that the description
does not name is kept in `violations`, where a test finds it. `python -m github_loopback STATE.json` serves by itself.
"""
