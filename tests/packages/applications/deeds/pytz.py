"""knows times of other places from its own table of zones"""
# needs: pytz

import datetime

import pytz

day = pytz.timezone("Europe/Vienna").localize(datetime.datetime(2026, 7, 1))
assert day.utcoffset() == datetime.timedelta(hours=2)
assert "Asia/Tokyo" in pytz.all_timezones and "Europe/Vienna" in pytz.country_timezones["at"]
