"""formats dates and numbers in other languages, and reads a catalogue"""
# needs: babel

import datetime
from pathlib import Path

import labels
from babel import dates, numbers, support

day = datetime.date(2026, 11, 28)
assert dates.format_date(day, "full", locale="de") == "Samstag, 28. November 2026"
assert numbers.format_currency(1234.5, "EUR", locale="fr") == "1\u202f234,50\xa0€"
catalogue = support.Translations.load(Path(labels.__file__).parent / "locale", ["de"])
assert catalogue.gettext("tea") == "Tee"
