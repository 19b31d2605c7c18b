"""The protocols by which papers compare: whole pictures of public sets, degraded as papers do.

They differ from `cases`: noise is neither rounded nor clipped, sides are not cut, and answers are
rounded to 8 bits before they are scored.
"""
