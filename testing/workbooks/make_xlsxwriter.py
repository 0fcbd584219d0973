# SPDX-License-Identifier: Apache-2.0
"""Writes the table with XlsxWriter: rich text, inline results of formulas, errors."""
import datetime
import json

import xlsxwriter

table = json.load(open("table.json", encoding="utf-8"))
book = xlsxwriter.Workbook("xlsxwriter.xlsx")
book.set_properties({"created": datetime.datetime(2026, 1, 1)})
bold = book.add_format({"bold": True})
formats = {place: book.add_format({"num_format": code}) for place, code in
           {0: "@", 3: "0%", 4: "dd/mm/yyyy", 5: "yyyy-mm-dd hh:mm:ss", 6: "h:mm:ss AM/PM", 7: "[hh]:mm:ss"}.items()}
sheet = book.add_worksheet("Preise")
sheet.write_row(0, 0, table["header"])
for line, row in enumerate(table["rows"], 1):
    hours, minutes, seconds = map(int, row[7].split(":"))
    values = [*row[:4], datetime.date.fromisoformat(row[4]), datetime.datetime.fromisoformat(row[5]),
              datetime.time.fromisoformat(row[6]),
              datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds), row[8], row[9]]
    for place, value in enumerate(values):
        if isinstance(value, str):
            sheet.write_string(line, place, value, formats.get(place))
        else:
            sheet.write(line, place, value, formats.get(place))
sheet.write_rich_string(4, 0, "fett ", bold, "und", " schräg")
sheet.write_formula(4, 1, "=1/0", None, "#DIV/0!")
sheet.write_formula(5, 0, '="a"&"b"', None, "ab")
sheet.write_formula(5, 1, "=1+1", None, 2)
sheet.write_formula(5, 8, "=TRUE", None, True)
book.close()
