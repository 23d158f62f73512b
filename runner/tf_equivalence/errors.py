"""The exceptions that stop a run. Everything expected of user code is a value, not an exception."""


class UsageError(Exception):
    """The command line, the environment or the configuration asks for something impossible.

    Ends the run with exit code 2. The message is one line that says what is wrong,
    where it was written, and what to write instead.
    """


class InfrastructureError(Exception):
    """The machine, not the user's code, keeps the run from going on (no fork, no disk, no worker).

    Ends the run with exit code 3.
    """
