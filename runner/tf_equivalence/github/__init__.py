"""Posts a result to GitHub: a check run with its annotations, and a comment on the pull request.

The only code of the command that talks to the network, and nothing here can change a verdict or an
exit code: what cannot be posted is said once, and the run goes on.
"""
