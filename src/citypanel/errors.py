"""The errors a user may meet. Each message is one line: where, what was found, what is allowed, what to do."""


class CitypanelError(Exception):
    """Base of every error that is the user's to mend; the command line prints it and exits with 2."""


class InputError(CitypanelError):
    """A raw file, a table or a value that cannot be used as it is."""


class DeclarationError(CitypanelError):
    """Something `config.yaml`, a `study.yaml`, a formula or an option may not say."""


class UnknownDataError(DeclarationError):
    """A declared name that raw files or registers could make known, and none does."""


class EstimationError(CitypanelError):
    """An estimator cannot answer on the sample it was given."""
