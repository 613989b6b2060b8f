"""The files of each version are in a folder of its own."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_files import ModelFiles


def test_folder_of_a_version_is_four_levels_below_the_root(tmp_path):
    files = ModelFiles(tmp_path)
    relative = files.new_folder("main.flights.delay")
    assert files.folder(relative) == tmp_path / relative
    with pytest.raises(ApiError, match="not the folder of a model version"):
        files.folder("main/flights/delay")
