"""What a command says when the disk is full."""

from __future__ import annotations

from pyspark.errors import PySparkException

from lakelab.local.spark.commands import Answer, Command, Proceed

_DISK_FULL = "No space left on device"


def explain_full_disk(command: Command, proceed: Proceed) -> Answer:
    """Explain that the disk is full, and where to free space, when the engine fails for that reason.

    Raises
    ------
    pyspark.errors.PySparkException
        The engine's error; where the disk is full, of the same type with a plain message.
    """
    try:
        return proceed(command)
    except PySparkException as error:
        if _DISK_FULL not in str(error):
            raise
        raise type(error)(
            message=f"The disk is full: nothing of this statement was written. Free some space for "
            f"{command.session.home.real_path}, then run it again. ({error})"
        ) from error
