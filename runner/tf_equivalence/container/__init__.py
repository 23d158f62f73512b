"""Runs the command in a container: the same options, reports and exit codes, without network or write access."""
