"""makes a page of a text, with its style sheet in it"""
# needs: docutils

from docutils.core import publish_string

page = publish_string(
    "Tea\n===\n\n*green*, |copy|\n\n.. include:: <isonum.txt>\n", writer_name="html"
)
assert b"<em>green</em>" in page and "©".encode() in page and b"<style" in page, page
