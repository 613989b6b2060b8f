"""Privileges to create, call and drop functions of Unity Catalog.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import AlreadyExistsError, UnityCatalogError
from lakelab.local.catalog.functions import Functions, UnityFunction
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.securables import require_privilege

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def executable_function(session: Session, name: TableName) -> UnityFunction:
    """Return a function that the session's user may call.

    Raises
    ------
    NotFoundError
        If no function has that name.
    InsufficientPermissionsError
        If the user lacks EXECUTE on it.
    """
    functions = Functions(session.unity)
    if functions.exists(name):
        require_privilege(session, Securable("function", str(name)), "EXECUTE")
    return functions.get(name)


def create_function(session: Session, function: UnityFunction, *, replace: bool) -> UnityFunction:
    """Create a function as the session's user.

    Parameters
    ----------
    session : Session
    function : UnityFunction
    replace : bool
        Whether a function of that name is replaced.

    Returns
    -------
    UnityFunction
        The function as it is stored.

    Raises
    ------
    UnityCatalogError
        If a function or a model has that name, or the schema does not exist.
    InsufficientPermissionsError
        If the user lacks CREATE FUNCTION on the schema, or does not own the function to replace.
    """
    name, functions = function.name, Functions(session.unity)
    if name.catalog == HIVE_METASTORE:
        raise UnityCatalogError(
            f"'{name}' is in the workspace's {HIVE_METASTORE}: functions are made in Unity Catalog. "
            f"Name a catalog of it: <catalog>.{name.schema}.{name.table}."
        )
    session.unity.require_schema(name.catalog, name.schema)
    securable, existed = Securable("function", str(name)), functions.exists(name)
    if existed and replace:
        require_privilege(session, securable)
    else:
        schema = Securable("schema", f"{name.catalog}.{name.schema}")
        require_privilege(session, schema, "CREATE_FUNCTION")
        _require_no_model(session, name)
    created = functions.create(function, replace=replace)
    if not existed:
        # a function of a dropped schema may have left grants under this name
        session.unity.governance.remove(securable)
        if session.user != session.unity.governance.admin:
            session.unity.governance.update(securable, owner=session.user)
    return created


def _require_no_model(session: Session, name: TableName) -> None:
    """Raise if a registered model has the name: models and functions of a schema share their names."""
    if catalog_service(session).has_model(name):
        raise AlreadyExistsError(
            f"There is a registered model '{name}'; models and functions of a schema share their "
            f"names. Choose another name for the function."
        )
