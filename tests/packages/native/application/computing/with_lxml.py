"""lxml: parsing, XPath, XSLT and a schema. What libxml2 opens by itself is not in the archive."""

from __future__ import annotations

from lxml import etree, html, objectify

SHEET = """
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="/"><n><xsl:value-of select="count(//cup)"/></n></xsl:template>
</xsl:stylesheet>"""
RELAX_NG = """
<element name="tray" xmlns="http://relaxng.org/ns/structure/1.0">
  <oneOrMore><element name="cup"><attribute name="of"/></element></oneOrMore>
</element>"""


def compute() -> None:
    tray = etree.fromstring('<tray><cup of="tea"/><cup of="mate"/></tray>')
    assert tray.xpath("//cup/@of") == ["tea", "mate"]
    assert str(etree.XSLT(etree.XML(SHEET))(tray)).rstrip().endswith("<n>2</n>")
    assert html.fromstring("<p>tea<br>mate").text_content() == "teamate"
    assert objectify.fromstring("<a><b>3</b></a>").b + 4 == 7
    schema = etree.RelaxNG(etree.XML(RELAX_NG))
    assert schema.validate(tray)
    assert not schema.validate(etree.XML("<tray/>"))
