"""gives the standard library its table of zones"""
# needs: tzdata

import datetime
import zoneinfo

zoneinfo.reset_tzpath(())
day = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Vienna"))
assert day.utcoffset() == datetime.timedelta(hours=2)
assert "Asia/Tokyo" in zoneinfo.available_timezones()
