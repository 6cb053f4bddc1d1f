"""lxml.isoschematron: libxml2 opens style sheets of the package by their paths, without Python."""

from __future__ import annotations

from lxml import etree, isoschematron

SCHEMA = """
<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern>
  <rule context="tray"><assert test="count(cup) = 2">two cups</assert></rule>
</pattern></schema>"""


def compute() -> None:
    schema = isoschematron.Schematron(etree.XML(SCHEMA))
    assert schema.validate(etree.XML("<tray><cup/><cup/></tray>"))
    assert not schema.validate(etree.XML("<tray/>"))
