//! Tidy tables of experiments, whose columns are known only when they are written: text and numbers, as CSV or as Parquet.
//!
//! Unlike the tables of a run, they hold statistics, which are floats; CSV has the shortest digits that give the same float back.

use super::csv::write_text;
use super::tables::Format;
use std::fmt::Display;
use std::io::{self, Write};

/// A column.
pub struct Column<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its values, row by row.
    pub cells: Cells<'a>,
}

/// The values of a column.
pub enum Cells<'a> {
    /// Text.
    Text(Vec<&'a str>),
    /// Whole numbers.
    Whole(Vec<u64>),
    /// Numbers, where there are any.
    Number(Vec<Option<f64>>),
}

/// Writes a table of columns of the same length.
///
/// # Errors
/// Parquet cannot be written.
pub fn table(columns: &[Column<'_>], format: Format) -> io::Result<Vec<u8>> {
    match format {
        Format::Csv => Ok(csv(columns, false)),
        Format::Spreadsheet => Ok(csv(columns, true)),
        #[cfg(feature = "parquet")]
        Format::Parquet => super::parquet::tidy(columns),
    }
}

fn csv(columns: &[Column<'_>], spreadsheet: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let rows = columns.first().map_or(0, |column| column.cells.len());
    row(&mut text, columns, |text, column| write_text(text, column.name, spreadsheet));
    for at in 0..rows {
        row(&mut text, columns, |text, column| match &column.cells {
            Cells::Text(cells) => write_text(text, cells[at], spreadsheet),
            Cells::Whole(cells) => write_number(text, cells[at]),
            Cells::Number(cells) => cells[at].into_iter().for_each(|number| write_number(text, number)),
        });
    }
    text
}

fn row(text: &mut Vec<u8>, columns: &[Column<'_>], mut cell: impl FnMut(&mut Vec<u8>, &Column<'_>)) {
    for (at, column) in columns.iter().enumerate() {
        text.extend_from_slice(if at > 0 { b"," } else { b"" });
        cell(text, column);
    }
    text.push(b'\n');
}

fn write_number(text: &mut Vec<u8>, number: impl Display) {
    write!(text, "{number}").expect("a vector takes everything");
}

impl Cells<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Whole(cells) => cells.len(),
            Self::Number(cells) => cells.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column<'static>; 3] {
        [
            Column { name: "name", cells: Cells::Text(vec!["a, b", "=1+1", ""]) },
            Column { name: "count", cells: Cells::Whole(vec![3, 0, u64::MAX]) },
            Column { name: "mean, s", cells: Cells::Number(vec![Some(0.1), None, Some(-3.0)]) },
        ]
    }

    #[test]
    fn numbers_are_as_short_as_they_are_exact_and_text_is_quoted_where_it_must() {
        let plain = String::from_utf8(table(&columns(), Format::Csv).unwrap()).unwrap();
        assert_eq!(plain, "name,count,\"mean, s\"\n\"a, b\",3,0.1\n\"=1+1\",0,\n,18446744073709551615,-3\n");
        let disarmed = String::from_utf8(table(&columns(), Format::Spreadsheet).unwrap()).unwrap();
        assert!(disarmed.contains("\"'=1+1\",0,\n"), "{disarmed}");
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn parquet_has_the_same_rows() {
        use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
        use arrow_array::{Array, Float64Array, UInt64Array};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&table(&columns(), Format::Parquet).unwrap()).unwrap();
        let batches: Vec<_> = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap).collect();
        let column = |name: &str| batches[0].column_by_name(name).unwrap();
        assert_eq!((batches.len(), batches[0].num_rows(), batches[0].num_columns()), (1, 3, 3));
        let means = column("mean, s").as_any().downcast_ref::<Float64Array>().unwrap();
        assert!(means.value(0) == 0.1 && means.is_null(1) && means.value(2) == -3.0);
        assert_eq!(column("count").as_any().downcast_ref::<UInt64Array>().unwrap().value(2), u64::MAX);
        assert_eq!(column("name").null_count(), 0);
    }
}
