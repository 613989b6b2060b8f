"""Generate the notebooks of a call: one explores the data, and one repeats a trial.

They are plain pandas, scikit-learn and MLflow: they run without lakelab, in any folder, and load their
data from the run that keeps it. Follows https://docs.databricks.com/aws/en/machine-learning/automl/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mlflow
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lakelab.automl.estimator_code import constructor_code, definition_code, import_code
from lakelab.automl.metrics import LOGGED_NAMES
from lakelab.automl.semantic_types import Column
from lakelab.automl.tracking import Records

PART = "_automl_split_col_0000"
"""The column of the kept data with the part of a row: ``train``, ``validate`` or ``test``."""

WEIGHT = "_automl_sample_weight_0000"
"""The column of the kept data with the weight of a training row, if rows have weights."""


@dataclass(frozen=True)
class NotebookContext:
    """The data that all notebooks of one call share.

    Attributes
    ----------
    problem : {"classify", "regress"}
    target_col : str
    columns : sequence of Column
    primary_metric : str
    pos_label : object
    records : Records
    weighted : bool
    alerts : sequence of str
        Notes about the data for the user.
    requirements : sequence of str
        The pip requirements of a logged model.
    """

    problem: str
    target_col: str
    columns: Sequence[Column]
    primary_metric: str
    pos_label: Any
    records: Records
    weighted: bool
    alerts: Sequence[str]
    requirements: Sequence[str]


def trial_notebook(
    context: NotebookContext, name: str, model: Any, metrics: Mapping[str, float]
) -> str:
    """Return the notebook that repeats a trial.

    Parameters
    ----------
    context : NotebookContext
    name : str
        The name of the algorithm.
    model : sklearn.pipeline.Pipeline
        The trained model.
    metrics : mapping of str to float
        The metrics of the trial.

    Returns
    -------
    str
        A notebook in nbformat 4.
    """
    metric = f"val_{LOGGED_NAMES[context.primary_metric]}"
    features = [column.name for column in context.columns if column.kind != "unused"]
    needed, defined = definition_code([model])
    weights = f', estimator__sample_weight=train["{WEIGHT}"].to_numpy()' if context.weighted else ""
    cells = [
        _md(
            f"# {name} on `{context.target_col}`\n"
            f"This notebook makes one AutoML trial again: the same rows, the same steps, the same "
            f"parameters. The trial measured `{metric}` = {metrics[metric]:.6f}. "
            f"Change what you like, and run it."
        ),
        _code(
            "import logging\n\nimport mlflow\nimport pandas as pd\n\n"
            'logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of pickle at each model\n'
            f"mlflow.set_tracking_uri({constructor_code(tracking_uri())})\n"
            f"EXPERIMENT_ID = {constructor_code(context.records.experiment.experiment_id)}\n"
            f"TARGET = {constructor_code(context.target_col)}"
        ),
        _md("## Load the data\nAutoML has kept the rows that it used, as an artifact of a run."),
        load_cell(context.records),
        _md(
            "## Split\nAutoML has noted for each row whether it is for training, for validation "
            "(trials are ranked by it) or for the test."
        ),
        _code(
            f"features = {constructor_code(features)}\n"
            f'train = data[data["{PART}"] == "train"]\n'
            f'validate = data[data["{PART}"] == "validate"]\n'
            f'test = data[data["{PART}"] == "test"]\n'
            "len(train), len(validate), len(test)"
        ),
        _md(
            "## Prepare and train\nEach column is prepared by its kind; one pipeline holds all steps."
        ),
        _code("\n".join(part for part in (needed, import_code([model])) if part)),
        *([_code(defined)] if defined else []),
        _code(f"model = {constructor_code(model)}"),
        _code(
            f"with mlflow.start_run(experiment_id=EXPERIMENT_ID, run_name={constructor_code(name)}) as run:\n"
            f"    model.fit(train[features], train[TARGET]{weights})\n"
            "    mlflow.log_params(\n"
            "        {\n"
            "            name: str(value)[:250]\n"
            '            for name, value in model.named_steps["estimator"].get_params().items()\n'
            "        }\n"
            "    )\n"
            "    mlflow.sklearn.log_model(\n"
            "        model,\n"
            '        name="model",\n'
            '        serialization_format="cloudpickle",\n'
            "        signature=mlflow.models.infer_signature(\n"
            "            validate[features].head(), model.predict(validate[features].head())\n"
            "        ),\n"
            f"        pip_requirements={constructor_code(list(context.requirements), 2)},\n"
            "    )"
        ),
        _md("## Evaluate"),
        *_evaluation_cells(context),
        _md(
            "## Permutation importance\nHow much worse is the score when one column is shuffled? A column "
            "that changes nothing is a candidate for `exclude_cols`."
        ),
        _code(
            "from sklearn.inspection import permutation_importance\n\n"
            "some = validate.sample(min(len(validate), 2000), random_state=0)\n"
            "importance = permutation_importance(\n"
            f"    model, some[features], some[TARGET], scoring={_scoring(context)},\n"
            "    n_repeats=3, random_state=0,\n"
            ")\n"
            "importance = pd.Series(importance.importances_mean, index=features).sort_values()\n"
            "importance.plot.barh(figsize=(7, 0.3 * len(features) + 1), "
            f'xlabel="loss of {context.primary_metric} when shuffled");'
        ),
        _md(
            "## SHAP\nSHAP explains single predictions. It takes memory and time, so it is off: set "
            "`shap_enabled = True` and run the cell again. It needs the package `shap`."
        ),
        _code(
            "shap_enabled = False\n"
            "if shap_enabled:\n"
            "    import shap\n\n"
            "    background = train[features].sample(min(100, len(train)), random_state=0)\n"
            "    explained = validate[features].sample(min(100, len(validate)), random_state=0)\n"
            + (
                "    answer = lambda rows: model.predict_proba(pd.DataFrame(rows, columns=features))\n"
                if context.problem == "classify"
                else "    answer = lambda rows: model.predict(pd.DataFrame(rows, columns=features))\n"
            )
            + "    explainer = shap.KernelExplainer(answer, background)\n"
            "    shap.summary_plot(explainer.shap_values(explained), explained)"
        ),
        _md("## Predict with the logged model"),
        _code(
            'loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")\n'
            "loaded.predict(test[features].head())"
        ),
    ]
    return serialize_notebook(cells)


def exploration_notebook(context: NotebookContext) -> str:
    """Return the notebook that explores the data.

    Parameters
    ----------
    context : NotebookContext

    Returns
    -------
    str
        A notebook in nbformat 4.
    """
    alert_list = (
        "\n".join(f"- {alert}" for alert in context.alerts) or "- nothing out of the ordinary"
    )
    kinds = [
        (
            column.name,
            column.kind,
            "converted" if column.converted else "as stored",
            column.warning or "",
        )
        for column in context.columns
    ]
    numeric = [column.name for column in context.columns if column.kind == "numeric"]
    categorical = [column.name for column in context.columns if column.kind == "categorical"]
    cells = [
        _md(
            f"# Explore the data for `{context.target_col}`\nWhat AutoML saw before it trained: types, "
            f"missing values, the target, how columns go together.\n\n**Alerts**\n{alert_list}"
        ),
        _code(
            "import matplotlib.pyplot as plt\nimport mlflow\nimport pandas as pd\n\n"
            f"mlflow.set_tracking_uri({constructor_code(tracking_uri())})\n"
            f"TARGET = {constructor_code(context.target_col)}"
        ),
        _md("## Load the data"),
        load_cell(context.records),
        _md("## Semantic types\nWhat each column was taken for, whatever its stored type says."),
        _code(
            "pd.DataFrame(\n"
            f"    {constructor_code(kinds, 1)},\n"
            '    columns=["column", "semantic type", "stored", "note"],\n)'
        ),
        _md("## Missing values"),
        _code(
            f'missing = data.drop(columns="{PART}").isna().mean().mul(100).round(1)\n'
            "missing.sort_values(ascending=False).rename('missing, %').to_frame()"
        ),
        _md(f"## The target\nHow `{context.target_col}` is spread."),
        _target_cell(context),
        _md("## Numbers"),
        _code(
            f"numbers = data[{constructor_code(numeric, 0)}].apply(pd.to_numeric, errors='coerce')\n"
            "numbers.describe().T.round(2)"
            if numeric
            else "numbers = pd.DataFrame()  # there is no numeric column"
        ),
        *(
            [
                _code(
                    "axes = numbers.hist(bins=30, figsize=(11, 2.2 * ((numbers.shape[1] + 3) // 4)), "
                    "layout=(-1, 4))\nplt.tight_layout()"
                )
            ]
            if numeric
            else []
        ),
        _md(
            "## Correlations\nOf numbers with each other, and with the target where it is one. Two columns "
            "near 1 or -1 say the same: one of them can go."
        ),
        _correlation_cell(context, bool(numeric)),
        _md("## Categories\nThe most frequent values."),
        _code(
            f"for name in {constructor_code(categorical, 0)}:\n"
            "    counts = data[name].value_counts()\n"
            '    print(f"{name}: {len(counts)} values;", ", ".join(\n'
            '        f"{value} ({count})" for value, count in counts.head(5).items()\n'
            "    ))"
            if categorical
            else "# there is no categorical column"
        ),
    ]
    return serialize_notebook(cells)


# ---- cells -----------------------------------------------------------------------------------------


def _md(source: str) -> Any:
    return new_markdown_cell(source)


def _code(source: str) -> Any:
    return new_code_cell(source)


def serialize_notebook(cells: list[Any]) -> str:
    """Serialize cells as a notebook in nbformat 4, with stable cell ids."""
    notebook = new_notebook(cells=cells)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook))


def load_cell(records: Records) -> Any:
    """Return the cell that loads the kept data of a call as ``data``."""
    return _code(
        "data = pd.read_parquet(\n"
        "    mlflow.artifacts.download_artifacts(\n"
        f"        run_id={constructor_code(records.data_run_id)}, "
        'artifact_path="data/training_data.parquet"\n'
        "    )\n"
        ")\n"
        "data.head()"
    )


def tracking_uri() -> str:
    """Return MLflow's tracking URI without a password, as notebooks are shared."""
    return re.sub(r"(?<=://)[^/@]*@", "", mlflow.get_tracking_uri())


def _pos_label_argument(context: NotebookContext) -> str:
    return f", pos_label={constructor_code(context.pos_label)}"


def _metric_expressions(context: NotebookContext) -> tuple[str, dict[str, str]]:
    """Return the import and, for each metric, the expression over `rows` and `predicted`."""
    if context.problem == "regress":
        names = ("r2", "mae", "mse", "rmse")
        return "from sklearn import metrics", {
            name: f"metrics.{LOGGED_NAMES[name]}(rows[TARGET], predicted)" for name in names
        }
    classes = "labels=list(model.classes_)"
    if context.pos_label is not None:
        options = f"{_pos_label_argument(context)}, zero_division=0"
        auc = (
            f"metrics.roc_auc_score(\n            rows[TARGET] == {constructor_code(context.pos_label)},\n"
            f"            probabilities[:, list(model.classes_).index({constructor_code(context.pos_label)})],\n"
            "        )"
        )
    else:
        options = ', average="weighted", zero_division=0'
        auc = (
            "metrics.roc_auc_score(\n            rows[TARGET], probabilities, "
            f'multi_class="ovr", average="weighted", {classes}\n        )'
        )
    return "from sklearn import metrics", {
        "f1": f"metrics.f1_score(rows[TARGET], predicted{options})",
        "precision": f"metrics.precision_score(rows[TARGET], predicted{options})",
        "recall": f"metrics.recall_score(rows[TARGET], predicted{options})",
        "accuracy": "metrics.accuracy_score(rows[TARGET], predicted)",
        "log_loss": f"metrics.log_loss(rows[TARGET], probabilities, {classes})",
        "roc_auc": auc,
    }


def _evaluation_cells(context: NotebookContext) -> list[Any]:
    imported, expressions = _metric_expressions(context)
    probabilities = (
        "    probabilities = model.predict_proba(rows[features])\n"
        if context.problem == "classify"
        else ""
    )
    lines = "".join(
        f'        "{LOGGED_NAMES[name]}": {expression},\n'
        for name, expression in expressions.items()
    )
    cells = [
        _code(
            f"{imported}\n\n\n"
            "def measure(rows):\n"
            "    predicted = model.predict(rows[features])\n"
            f"{probabilities}"
            "    return {\n"
            f"{lines}"
            "    }\n\n\n"
            'scores = {"training": measure(train), "val": measure(validate), "test": measure(test)}\n'
            "with mlflow.start_run(run_id=run.info.run_id):\n"
            "    for part, values in scores.items():\n"
            '        mlflow.log_metrics({f"{part}_{name}": value for name, value in values.items()})\n'
            "pd.DataFrame(scores).round(4)"
        )
    ]
    if context.problem == "regress":
        cells.append(
            _code(
                "import matplotlib.pyplot as plt\n\n"
                "figure, axes = plt.subplots(figsize=(5, 5))\n"
                "axes.scatter(validate[TARGET], model.predict(validate[features]), s=6, alpha=0.4)\n"
                "low, high = validate[TARGET].min(), validate[TARGET].max()\n"
                'axes.plot([low, high], [low, high], color="grey", linewidth=1)\n'
                'axes.set(xlabel=f"{TARGET}, true", ylabel=f"{TARGET}, predicted");'
            )
        )
        return cells
    cells.append(
        _code(
            "import matplotlib.pyplot as plt\n\n"
            "metrics.ConfusionMatrixDisplay.from_estimator(\n"
            "    model, validate[features], validate[TARGET], colorbar=False\n"
            ");"
        )
    )
    if context.pos_label is not None:
        cells.append(
            _code(
                "metrics.RocCurveDisplay.from_estimator(\n"
                f"    model, validate[features], validate[TARGET]{_pos_label_argument(context)}\n"
                ");"
            )
        )
    return cells


def _scoring(context: NotebookContext) -> str:
    name = {"f1": "f1_weighted", "precision": "precision_weighted", "log_loss": "neg_log_loss"}.get(
        context.primary_metric, context.primary_metric
    )
    if context.problem == "regress":
        name = {
            "mae": "neg_mean_absolute_error",
            "mse": "neg_mean_squared_error",
            "rmse": "neg_root_mean_squared_error",
        }.get(context.primary_metric, "r2")
    elif context.primary_metric == "roc_auc" and context.pos_label is None:
        name = "roc_auc_ovr_weighted"
    return f'"{name}"'


def _target_cell(context: NotebookContext) -> Any:
    if context.problem == "classify":
        return _code(
            "counts = data[TARGET].value_counts()\n"
            "counts.plot.barh(figsize=(6, 0.4 * len(counts) + 1), xlabel='rows');"
        )
    return _code(
        "axes = data[TARGET].plot.hist(bins=40, figsize=(6, 3))\naxes.set(xlabel=TARGET, ylabel='rows');"
    )


def _correlation_cell(context: NotebookContext, numeric: bool) -> Any:
    if not numeric:
        return _code("# there is no numeric column")
    with_target = (
        "together = numbers.assign(**{TARGET: pd.to_numeric(data[TARGET])}).corr()\n"
        if context.problem == "regress"
        else f"together = numbers.assign(**{{TARGET: data[TARGET] == {constructor_code(context.pos_label)}}}).corr()\n"
        if context.pos_label is not None
        else "together = numbers.corr()\n"
    )
    return _code(
        with_target
        + "figure, axes = plt.subplots(figsize=(0.5 * len(together) + 2, 0.5 * len(together) + 1.5))\n"
        'shown = axes.imshow(together, vmin=-1, vmax=1, cmap="RdBu_r")\n'
        "axes.set_xticks(range(len(together)), together.columns, rotation=90)\n"
        "axes.set_yticks(range(len(together)), together.columns)\n"
        'figure.colorbar(shown, label="correlation");'
    )
