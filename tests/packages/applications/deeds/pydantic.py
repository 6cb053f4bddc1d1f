"""checks a model"""
# needs: pydantic

import pydantic


class Tea(pydantic.BaseModel):
    """A tea."""

    minutes: int


assert Tea(minutes="3").minutes == 3
