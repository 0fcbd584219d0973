# SPDX-License-Identifier: Apache-2.0
"""Writes the table with openpyxl: a title block, formulas, merged cells, a hidden row, a hidden sheet."""
import datetime
import json

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

table = json.load(open("table.json", encoding="utf-8"))


def duration(text):
    hours, minutes, seconds = map(int, text.split(":"))
    return datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def make(name, epoch=None):
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    book.properties.created = book.properties.modified = datetime.datetime(2026, 1, 1)
    hidden = book.active
    hidden.title = "Intern"
    hidden.append(["geheim"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("Preise")
    sheet["A1"] = table["title"]
    sheet.merge_cells("A1:D1")
    sheet["A2"] = datetime.date(2026, 1, 1)
    for place, text in enumerate(table["header"], 1):
        sheet.cell(4, place, text)
    for line, row in enumerate(table["rows"], 5):
        if epoch and row[4].startswith("1900"):
            row = [*row[:4], "1904-03-01", *row[5:]]
        values = [*row[:4], datetime.date.fromisoformat(row[4]), datetime.datetime.fromisoformat(row[5]),
                  datetime.time.fromisoformat(row[6]), duration(row[7]), row[8], row[9]]
        for place, value in enumerate(values, 1):
            sheet.cell(line, place, value)
        sheet.cell(line, 1).number_format = "@"
        sheet.cell(line, 4).number_format = "0.0%"
        sheet.cell(line, 5).number_format = "dd.mm.yyyy;@"
        sheet.cell(line, 7).number_format = "hh:mm:ss"
        sheet.cell(line, 8).number_format = "[h]:mm:ss"
    sheet["A9"] = "verborgen"
    sheet.row_dimensions[9].hidden = True
    sheet["A10"] = "Formel"
    sheet["B10"] = "=B5*2"
    sheet["C10"] = "=C5/0"
    sheet["A11"] = "verbunden"
    sheet.merge_cells("A11:B12")
    sheet["C11"] = 1
    sheet["C12"] = 2
    for line in range(13, 40):
        sheet.cell(line, 5).number_format = "dd.mm.yyyy;@"
    second = book.create_sheet("Zwei")
    second.append(["a", "b"])
    second.append([1, 2])
    book.active = 1
    book.save(name)


make("openpyxl.xlsx")
make("openpyxl_1904.xlsx", CALENDAR_MAC_1904)
