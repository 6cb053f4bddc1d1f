"""Pillow: pictures in formats of bundled libraries."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFilter


def compute() -> None:
    picture = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(picture).ellipse((10, 10, 30, 30), fill="red")
    for kind in ("PNG", "WEBP", "TIFF", "JPEG", "JPEG2000", "GIF"):
        written = io.BytesIO()
        picture.save(written, kind, **({"lossless": True} if kind == "WEBP" else {}))
        read = Image.open(io.BytesIO(written.getvalue())).convert("RGB")
        red, green, blue = read.getpixel((20, 20))
        assert red > 240 and green < 20 and blue < 20, (kind, red, green, blue)
    assert picture.filter(ImageFilter.GaussianBlur(3)).resize((6, 4)).size == (6, 4)
