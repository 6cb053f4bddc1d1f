"""knows countries and their names in German"""
# needs: pycountry

import gettext

import pycountry

assert pycountry.countries.get(alpha_2="AT").name == "Austria"
german = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["de"])
assert german.gettext("Austria") == "Österreich"
