"""writes and reads a workbook"""
# needs: openpyxl

import openpyxl

book = openpyxl.Workbook()
book.active["A1"] = "tea"
book.save("teas.xlsx")
assert openpyxl.load_workbook("teas.xlsx").active["A1"].value == "tea"
