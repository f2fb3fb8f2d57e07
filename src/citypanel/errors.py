"""The errors a user may meet. Each message is one line: where, what was found, what is allowed, what to do."""

import re

# Line breaks and what moves a terminal's cursor or turns its text: a message quotes what a file or declaration holds.
_NOT_ON_A_LINE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class CitypanelError(Exception):
    """Base of every error that is the user's to mend; the command line prints it and exits with 2."""

    def __init__(self, message: str) -> None:
        super().__init__(_NOT_ON_A_LINE.sub(" ", message))


class InputError(CitypanelError):
    """A raw file, a table or a value that cannot be used as it is."""


class DeclarationError(CitypanelError):
    """Something `config.yaml`, a `study.yaml`, a formula or an option may not say."""


class UnknownDataError(DeclarationError):
    """A declared name that raw files or registers could make known, and none does."""


class EstimationError(CitypanelError):
    """An estimator cannot answer on the sample it was given."""
