"""What AutoML says when it cannot go on."""


class AutoMLError(ValueError):
    """AutoML cannot run on what it was given; the message says what was expected, and what to do.

    Examples
    --------
    >>> isinstance(AutoMLError("target_col='lat' is no column"), ValueError)
    True
    """
