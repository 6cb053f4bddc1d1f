"""A fixture with data."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def answer():
    return json.loads(Path(__file__).with_name("data").joinpath("answer.json").read_text())[
        "answer"
    ]
