"""invents names of several languages, by providers that it finds in its own directories"""
# needs: faker

import faker

found = faker.Faker(["de_AT", "ja_JP"])
assert found.name() and found["ja_JP"].address()
assert "de_AT" in faker.config.AVAILABLE_LOCALES
