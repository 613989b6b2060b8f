"""The error of AutoML."""


class AutoMLError(ValueError):
    """AutoML cannot use a dataset or a parameter; the message says what was expected and what to do.

    Examples
    --------
    >>> isinstance(AutoMLError("target_col='lat' is no column"), ValueError)
    True
    """
