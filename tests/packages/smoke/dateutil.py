"""python-dateutil: parsing, recurrence, and time zones out of the tarball that it brings."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import metadata

import dateutil
import dateutil.parser
import dateutil.rrule
import dateutil.tz
import dateutil.zoneinfo

from tests.packages.installed import read_info, requires

# A real function.
assert dateutil.parser.parse("3rd of May 2001, 10pm") == datetime(2001, 5, 3, 22)
fridays = dateutil.rrule.rrule(
    dateutil.rrule.MONTHLY, count=2, byweekday=dateutil.rrule.FR, bymonthday=13,
    dtstart=datetime(2026, 1, 1),
)  # fmt: skip
assert list(fridays) == [datetime(2026, 2, 13), datetime(2026, 3, 13)]

# Data: a tarball that it reads with pkgutil.get_data.
zones = dateutil.zoneinfo.get_zonefile_instance()
berlin = zones.get("Europe/Berlin")
assert datetime(2024, 7, 1, tzinfo=berlin).utcoffset() == timedelta(hours=2)
assert zones.metadata["tzversion"] >= "2024"

# Metadata; it has no entry point.
assert metadata.version("python-dateutil") == dateutil.__version__
assert requires("python-dateutil") == {"six"}
assert "Apache" in read_info("python_dateutil", "LICENSE")
