"""Pillow's text: its libfreetype and libharfbuzz need each other, and are loaded at once."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, features


def compute() -> None:
    # The font is data of Pillow's own; FreeType draws it.
    font = ImageFont.load_default(20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    text = Image.new("L", (60, 40))
    ImageDraw.Draw(text).text((2, 2), "tea", font=font, fill=255)
    left, top, right, bottom = text.getbbox()
    assert 0 < left < right < 60 and 0 < top < bottom < 40, (left, top, right, bottom)
    assert features.version("freetype2") and features.version("harfbuzz")
