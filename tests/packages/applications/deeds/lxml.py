"""finds an element"""
# needs: lxml

from lxml import etree

assert etree.fromstring("<a><b/></a>").xpath("//b")
