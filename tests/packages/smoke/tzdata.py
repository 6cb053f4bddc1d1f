"""tzdata: the standard library's zoneinfo takes its zones from it."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from importlib import metadata, resources

import tzdata

from tests.packages.installed import read_info

# A real function and data: without the system's zones there are only those of the archive.
zoneinfo.reset_tzpath(to=[])
zoneinfo.ZoneInfo.clear_cache()
kathmandu = zoneinfo.ZoneInfo("Asia/Kathmandu")
assert datetime(2024, 1, 1, tzinfo=kathmandu).utcoffset() == timedelta(hours=5, minutes=45)
berlin = zoneinfo.ZoneInfo("Europe/Berlin")
assert datetime(2024, 7, 1, tzinfo=berlin).tzname() == "CEST"
assert {"Asia/Kathmandu", "Europe/Berlin", "UTC"} <= zoneinfo.available_timezones()
assert (resources.files("tzdata") / "zoneinfo" / "UTC").read_bytes().startswith(b"TZif")

# Metadata; it has no entry point.
assert metadata.version("tzdata") == tzdata.__version__
assert metadata.metadata("tzdata")["Name"] == "tzdata"
assert "Apache" in read_info("tzdata", "licenses/licenses/LICENSE_APACHE")
