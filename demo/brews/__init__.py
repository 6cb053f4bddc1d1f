"""A service that says when tea is ready: FastAPI, with models that pydantic's Rust module checks.

It is the second application that `make demo` packs: it has native code, and knows nothing of
signedvfs.
"""

from __future__ import annotations

import datetime

from fastapi import FastAPI
from pydantic import BaseModel, Field


class Brew(BaseModel):
    """What is brewed, and since when."""

    of: str = Field(min_length=1)
    minutes: float = Field(gt=0, le=30)
    begun: datetime.datetime


class Ready(BaseModel):
    """The answer."""

    of: str
    at: datetime.datetime


app = FastAPI(title="brews")


@app.post("/brews")
def ready(brew: Brew) -> Ready:
    """Say when it is ready."""
    return Ready(of=brew.of, at=brew.begun + datetime.timedelta(minutes=brew.minutes))
