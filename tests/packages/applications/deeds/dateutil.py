"""knows times of other places from its own table of zones"""
# needs: python-dateutil

import datetime

from dateutil import parser, zoneinfo

zone = zoneinfo.get_zonefile_instance().get("Europe/Vienna")
day = datetime.datetime(2026, 7, 1, tzinfo=zone)
assert day.utcoffset() == datetime.timedelta(hours=2)
assert parser.parse("28 Nov 2026").date() == datetime.date(2026, 11, 28)
