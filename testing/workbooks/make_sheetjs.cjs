// SPDX-License-Identifier: Apache-2.0
// Writes the table with SheetJS, with shared and with inline texts.
const fs = require("fs");
const XLSX = require("xlsx");

const table = JSON.parse(fs.readFileSync("table.json", "utf8"));
const day = 86400;
const seconds = (text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
const days = (text) => {
  const [date, time = "00:00:00"] = text.split(" ");
  return (Date.parse(date + "T00:00:00Z") - Date.UTC(1899, 11, 30)) / 1000 / day + seconds(time) / day;
};
const number = (v, z) => ({ t: "n", v, z });
const rows = table.rows.map((row) => [
  row[0], row[1], row[2], number(row[3], "0.0%"), number(days(row[4]), "m/d/yy"),
  number(days(row[5]), "d\"T\" mmm yyyy h:mm"), number(seconds(row[6]) / day, "h:mm"),
  number(seconds(row[7]) / day, "[h]:mm"), row[8], row[9],
]);
const sheet = XLSX.utils.aoa_to_sheet([table.header, ...rows]);
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, sheet, "Preise");
XLSX.writeFile(book, "sheetjs.xlsx", { bookSST: true, compression: true });
XLSX.writeFile(book, "sheetjs_inline.xlsx", { bookSST: false, compression: true });
