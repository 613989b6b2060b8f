"""Import a trial's notebook from the artifacts of its run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lakelab.automl.errors import AutoMLError
from lakelab.automl.summary import ImportNotebookResult


def import_notebook(artifact_uri: str, path: str, overwrite: bool = False) -> ImportNotebookResult:
    """Import a notebook that is an artifact of a trial's run.

    Parameters
    ----------
    artifact_uri : str
        ``TrialInfo.artifact_uri``.
    path : str
        The target folder or file.
    overwrite : bool
        Whether an existing notebook is replaced.

    Returns
    -------
    ImportNotebookResult

    Raises
    ------
    AutoMLError
        If the URI has no notebook, or the target exists and `overwrite` is False.

    References
    ----------
    https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference
    """
    import mlflow

    with tempfile.TemporaryDirectory() as temporary:
        try:
            downloaded = Path(
                mlflow.artifacts.download_artifacts(artifact_uri=artifact_uri, dst_path=temporary)
            )
        except (mlflow.MlflowException, OSError) as error:
            raise AutoMLError(
                f"artifact_uri={artifact_uri!r} cannot be read ({error}): give the artifact_uri of a "
                f"trial."
            ) from error
        notebooks = [downloaded] if downloaded.is_file() else sorted(downloaded.rglob("*.ipynb"))
        notebooks = [file for file in notebooks if file.suffix == ".ipynb"]
        if not notebooks:
            raise AutoMLError(
                f"artifact_uri={artifact_uri!r} has no notebook: give the artifact_uri of a trial."
            )
        target = Path(path).expanduser()
        if target.suffix != ".ipynb":
            target = target / notebooks[0].name
        if target.exists() and not overwrite:
            raise AutoMLError(f"{target} is there already: give another path, or overwrite=True.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebooks[0], target)
    return ImportNotebookResult(path=str(target), url=target.resolve().as_uri())
