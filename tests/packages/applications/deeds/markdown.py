"""makes HTML by extensions that it finds through metadata"""
# needs: markdown

import markdown

page = markdown.markdown("# Tea\n\n|a|b|\n|-|-|\n|1|2|\n", extensions=["tables", "toc"])
assert '<h1 id="tea">' in page and "<td>2</td>" in page
