"""sums a table"""
# needs: pandas

import pandas

assert pandas.DataFrame({"a": [1, 2]})["a"].sum() == 3
