"""draws a picture"""
# needs: pillow

from PIL import Image

assert Image.new("RGB", (3, 3), "red").getpixel((1, 1)) == (255, 0, 0)
