"""What training and serving share: the settings, how a row becomes numbers, and the model's files.

A binary classifier over named columns. `train` learns it from CSV files with headers; `serve` answers with the
probability of the positive class. Both turn values into numbers with the same `Encoder`, which is saved beside the
booster, so the two cannot drift apart.
"""

import csv
import json
import math
import sys
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

# LightGBM imports these where they happen to be installed. They are not needed here and cost a second of start-up.
_KEPT_OUT = [name for name in ("sklearn", "pandas", "pyarrow", "matplotlib") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_KEPT_OUT))
import lightgbm as lgb  # noqa: E402
import numpy as np  # noqa: E402

for _name in _KEPT_OUT:
    del sys.modules[_name]

BOOSTER_FILE = "booster.txt"
ENCODER_FILE = "encoder.json"


class BadSettings(ValueError):
    """A hyperparameter is missing, unknown or out of range."""


class BadData(ValueError):
    """The training files cannot be learned from."""


class BadRow(ValueError):
    """A value that no model could read: the sender has to mend it."""


class MissingValue(ValueError):
    """A feature has no value and the model was trained with `missing: error`."""


def _names(value):
    """A list of column names from a JSON list, a Python list or `a,b,c`."""
    if isinstance(value, str):
        text = value.strip()
        value = json.loads(text) if text.startswith("[") else [name.strip() for name in text.split(",") if name.strip()]
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("is not a list of column names")
    return value


_READ = {str: str, (str | None): str, int: int, float: float, list: _names, (float | None): float}


@dataclass(frozen=True)
class Settings:
    """The hyperparameters. SageMaker hands every one over as text."""

    label: str
    features: list
    weight: str | None = None  # a column of weights; a file without it weighs 1 a row
    label_at_least: float | None = None  # binarise: positive when label >= this; without it the label is 0 or 1
    label_positive: str | None = None  # how the positive class is written, where it is no 1
    label_negative: str | None = None  # how the negative one is; without it anything else is negative
    categorical: list = field(default_factory=list)  # features without an order
    rounds: int = 100
    learning_rate: float = 0.1
    leaves: int = 31
    leaf_rows: int = 20
    seed: int = 1
    validation_share: float = 0.1  # the newest rows, kept aside to measure; the final model learns from all
    missing: str = "impute"  # or "error": a row with a missing feature is refused
    threads: int = 1

    @classmethod
    def parse(cls, raw):
        """From a dict of texts. Names the field, what is wrong and the fix."""
        raw = {k: v for k, v in raw.items() if not k.startswith(("sagemaker_", "_tuning_"))}
        known = {f.name: f for f in fields(cls)}
        for name in raw:
            if name not in known:
                raise BadSettings(f"hyperparameter {name!r} is unknown; known: {', '.join(known)}")
        values = {}
        for name, value in raw.items():
            try:
                values[name] = _READ[known[name].type](value)
            except (TypeError, ValueError) as error:
                raise BadSettings(f"hyperparameter {name} = {value!r} cannot be read: {error}") from None
        for name in ("label", "features"):
            if not values.get(name):
                raise BadSettings(f"hyperparameter {name} is missing; give it in the pipeline's hyperparameters")
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self):
        rules = [
            ("features", len(set(self.features)) == len(self.features), "names no column twice"),
            ("features", self.label not in self.features, "does not contain the label"),
            ("categorical", set(self.categorical) <= set(self.features), "names features only"),
            ("rounds", 1 <= self.rounds <= 10_000, "is between 1 and 10000"),
            ("learning_rate", 0 < self.learning_rate <= 1, "is above 0 and at most 1"),
            ("leaves", 2 <= self.leaves <= 4096, "is between 2 and 4096"),
            ("leaf_rows", self.leaf_rows >= 1, "is at least 1"),
            ("seed", 0 <= self.seed < 2**31, "is between 0 and 2147483647"),
            ("validation_share", 0 < self.validation_share <= 0.5, "is above 0 and at most 0.5"),
            ("missing", self.missing in ("impute", "error"), "is impute or error"),
            ("threads", 1 <= self.threads <= 256, "is between 1 and 256"),
        ]
        for name, holds, rule in rules:
            if not holds:
                raise BadSettings(f"hyperparameter {name} = {getattr(self, name)!r}: it must be so that it {rule}")


def is_missing(value):
    return value is None or (isinstance(value, str) and not value.strip())


def number(value):
    """A finite number from a JSON number or from text; anything else is a BadRow."""
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            parsed = float(value)
        except (ValueError, OverflowError):
            parsed = math.nan
        if math.isfinite(parsed):
            return parsed
    raise BadRow(f"{value!r} is not a finite number")


def category(value):
    """One spelling for a category: 1, "1" and "1.0" are the same."""
    try:
        return format(number(value), "g")
    except BadRow:
        if isinstance(value, str):
            return value.strip()
        raise


@dataclass
class Encoder:
    """Turns a row (a mapping from column to value) into the booster's numbers."""

    features: list
    categories: dict  # categorical feature -> its values, in order of code
    fill: dict  # feature -> the value that stands in for a missing one
    missing: str

    @classmethod
    def learn(cls, rows, settings):
        categories, fill = {}, {}
        for name in settings.features:
            values = [row[name] for row in rows if not is_missing(row[name])]
            if not values:
                raise BadData(f"feature {name} has no value in any row")
            try:
                if name in settings.categorical:
                    seen = [category(value) for value in values]
                    categories[name] = sorted(set(seen))
                    fill[name] = max(categories[name], key=seen.count)
                else:
                    fill[name] = float(np.median([number(value) for value in values]))
            except BadRow as error:
                raise BadData(f"feature {name}: {error}") from None
        return cls(settings.features, categories, fill, settings.missing)

    def encode(self, row):
        return [self._encode(name, row) for name in self.features]

    def _encode(self, name, row):
        if name not in row:
            raise BadRow(f"feature {name} is absent; send null where its value is not known")
        value = row[name]
        if is_missing(value):
            if self.missing == "error":
                raise MissingValue(f"feature {name} has no value and this model takes none for granted")
            value = self.fill[name]
        try:
            if name not in self.categories:
                return number(value)
            known = self.categories[name]
            spelled = category(value)
            # A value never seen takes a code of its own, which no split of the booster names.
            return float(known.index(spelled) if spelled in known else len(known))
        except BadRow as error:
            raise BadRow(f"feature {name}: {error}") from None


def read_table(folder, settings):
    """Rows, 0/1 labels and weights of every CSV file in `folder`, in the order of the files' names."""
    files = sorted(path for path in Path(folder).rglob("*.csv") if path.is_file())
    if not files:
        raise BadData(f"no *.csv file in {folder}")
    wanted = [settings.label, *settings.features]
    rows, labels, weights = [], [], []
    for path in files:
        with path.open(newline="", encoding="utf-8") as text:
            reader = csv.DictReader(text)
            absent = [name for name in wanted if name not in (reader.fieldnames or [])]
            if absent:
                raise BadData(f"{path.name} has no column {', '.join(absent)}")
            for row in reader:
                try:
                    if None in row or None in row.values():
                        raise BadRow(f"the row does not have the header's {len(reader.fieldnames)} fields")
                    labels.append(_label(row[settings.label], settings))
                    rows.append({name: row[name] for name in settings.features})
                    weights.append(number(row.get(settings.weight, 1)))
                except BadRow as error:
                    raise BadData(f"{path.name}, line {reader.line_num}: {error}") from None
    if len(set(labels)) < 2:
        raise BadData(f"{len(labels)} rows and not both classes of {settings.label} among them")
    return rows, np.array(labels, dtype=np.int8), np.array(weights)


def _label(value, settings):
    if is_missing(value):
        raise BadRow(f"label {settings.label} has no value")
    if settings.label_positive is not None:
        text, positive, negative = value.strip(), settings.label_positive.strip(), settings.label_negative
        if text == positive:
            return 1
        if text == negative.strip() if negative is not None else text.lower() != positive.lower():
            return 0
        raise BadRow(f"label {settings.label} = {value} is neither class; see label_positive, label_negative")
    parsed = number(value)
    if settings.label_at_least is not None:
        return int(parsed >= settings.label_at_least)
    if parsed not in (0, 1):
        raise BadRow(f"label {settings.label} = {value} is neither 0 nor 1; set label_at_least to binarise it")
    return int(parsed)


def fit(features, labels, encoder, settings, weights=None):
    """A booster that depends on nothing but the data, the settings and LightGBM's version."""
    parameters = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.leaf_rows,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads,
        "verbosity": -1,
    }
    names, unordered = list(encoder.features), list(encoder.categories)
    weights = weights if settings.weight else None
    data = lgb.Dataset(features, labels, weight=weights, feature_name=names, categorical_feature=unordered)
    return lgb.train(parameters, data, settings.rounds)


@dataclass
class Model:
    booster: lgb.Booster
    encoder: Encoder

    def save(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(folder / BOOSTER_FILE)
        (folder / ENCODER_FILE).write_text(json.dumps(asdict(self.encoder), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder):
        folder = Path(folder)
        encoder = Encoder(**json.loads((folder / ENCODER_FILE).read_text(encoding="utf-8")))
        return cls(lgb.Booster(model_file=folder / BOOSTER_FILE), encoder)

    def predict(self, encoded):
        """Probability of the positive class of each encoded row."""
        # One thread: requests are served side by side already, and a small batch gains nothing from more.
        return self.booster.predict(np.asarray(encoded, dtype=np.float64), num_threads=1)
