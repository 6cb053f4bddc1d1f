"""PyYAML: by libyaml, not by the code in Python that stands in for it."""

from __future__ import annotations

import yaml


def compute() -> None:
    assert yaml.__with_libyaml__
    tray = {"cups": [{"of": "tea", "minutes": 3}], "day": None}
    text = yaml.dump(tray, Dumper=yaml.CSafeDumper)
    assert yaml.load(text, Loader=yaml.CSafeLoader) == tray
    try:
        yaml.load("[", Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        pass
    else:
        raise AssertionError("half a list was taken for one")
