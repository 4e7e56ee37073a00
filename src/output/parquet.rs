//! Tables as Parquet with zstd: the same columns as CSV, decimals as `DECIMAL(18, 6)`.

use super::columns::{Field, Kind, Names, Value};
use super::tidy::{Cells, Column};
use arrow_array::builder::{BooleanBuilder, PrimitiveBuilder};
use arrow_array::types::{Decimal64Type, Int32Type, UInt64Type};
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

/// Decimal digits of a decimal: as many as 64 bits hold, which is 31,700 years in microseconds or a trillion yuan.
const DIGITS: u8 = 18;

/// A table on its way into a file.
pub struct ParquetTable<R: 'static, W: Write + Send> {
    fields: &'static [Field<R>],
    schema: Arc<Schema>,
    writer: ArrowWriter<W>,
}

impl<R, W: Write + Send> ParquetTable<R, W> {
    /// Starts a table.
    pub fn new(fields: &'static [Field<R>], into: W) -> io::Result<Self> {
        let schema = Arc::new(Schema::new(
            fields.iter().map(|field| arrow_schema::Field::new(field.name, data_type(field.kind), true)).collect::<Vec<_>>(),
        ));
        let writer = ArrowWriter::try_new(into, Arc::clone(&schema), Some(properties(fields))).map_err(io_error)?;
        Ok(Self { fields, schema, writer })
    }
    /// Appends rows; the larger the slice, the better.
    pub fn rows(&mut self, rows: &[R], names: &Names) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let columns = self.fields.iter().map(|field| column(field, rows, names)).collect::<io::Result<Vec<_>>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("columns are made from the schema");
        self.writer.write(&batch).map_err(io_error)
    }
    /// Writes the footer and returns the writer.
    pub fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(io_error)
    }
}

/// Writes a table whose columns are known only now.
///
/// # Errors
/// The library cannot write it.
pub fn tidy(columns: &[Column<'_>]) -> io::Result<Vec<u8>> {
    let mut properties = plain_properties();
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for Column { name, cells } in columns {
        let (data_type, array): (DataType, ArrayRef) = match cells {
            Cells::Text(cells) => (data_type(Kind::Text), Arc::new(dictionary(cells.iter().map(|text| Some(*text))))),
            Cells::Whole(cells) => (data_type(Kind::Integer), Arc::new(UInt64Array::from(cells.clone()))),
            Cells::Number(cells) => (DataType::Float64, Arc::new(Float64Array::from(cells.clone()))),
        };
        properties = properties.set_column_dictionary_enabled(ColumnPath::new(vec![(*name).to_owned()]), matches!(cells, Cells::Text(_)));
        fields.push(arrow_schema::Field::new(*name, data_type, true));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties.build())).map_err(io_error)?;
    writer.write(&RecordBatch::try_new(schema, arrays).expect("columns are made from the schema")).map_err(io_error)?;
    writer.into_inner().map_err(io_error)
}

/// Text is a dictionary; for numbers, which hardly repeat, building one would take half of the time.
fn properties<R>(fields: &[Field<R>]) -> WriterProperties {
    let mut builder = plain_properties();
    for field in fields {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(field.name), field.kind == Kind::Text);
    }
    builder.build()
}

fn plain_properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("level 1 exists")))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // The version of the library would otherwise stand in every file.
        .set_created_by(concat!("edwc ", env!("CARGO_PKG_VERSION")).to_owned())
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Integer => DataType::UInt64,
        Kind::Decimal(places) => DataType::Decimal64(DIGITS, places.cast_signed()),
        Kind::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Kind::Flag => DataType::Boolean,
    }
}

fn column<R>(field: &Field<R>, rows: &[R], names: &Names) -> io::Result<ArrayRef> {
    let values = rows.iter().map(|row| (field.value)(row, names));
    Ok(match field.kind {
        Kind::Integer => {
            let mut builder = PrimitiveBuilder::<UInt64Type>::with_capacity(rows.len());
            values.for_each(|value| builder.append_option(if let Value::Integer(number) = value { Some(number) } else { None }));
            Arc::new(builder.finish())
        }
        Kind::Decimal(_) => {
            let mut builder = PrimitiveBuilder::<Decimal64Type>::with_capacity(rows.len()).with_data_type(data_type(field.kind));
            for value in values {
                builder.append_option(if let Value::Decimal(number) = value { Some(fitting(number, field.name)?) } else { None });
            }
            Arc::new(builder.finish())
        }
        Kind::Text => Arc::new(dictionary(values.map(|value| if let Value::Text(text) = value { Some(text) } else { None }))),
        Kind::Flag => {
            let mut builder = BooleanBuilder::with_capacity(rows.len());
            values.for_each(|value| builder.append_option(if let Value::Flag(flag) = value { Some(flag) } else { None }));
            Arc::new(builder.finish())
        }
    })
}

fn dictionary<'a>(values: impl Iterator<Item = Option<&'a str>>) -> DictionaryArray<Int32Type> {
    let mut dictionary = Dictionary::new();
    let keys: Int32Array = values.map(|text| text.map(|text| dictionary.key(text))).collect();
    DictionaryArray::new(keys, Arc::new(StringArray::from(dictionary.words)))
}

/// The words of a text column and their keys.
struct Dictionary<'a> {
    words: Vec<&'a str>,
    keys: BTreeMap<&'a str, i32>,
    /// The last word at each hash of its address: names are stored once, so most rows need no comparison of text.
    recent: [(&'a str, i32); 64],
}

impl<'a> Dictionary<'a> {
    fn new() -> Self {
        Self { words: Vec::new(), keys: BTreeMap::new(), recent: [("", -1); 64] }
    }
    fn key(&mut self, word: &'a str) -> i32 {
        let slot = (word.as_ptr().addr() / 8) % self.recent.len();
        let (recent, key) = self.recent[slot];
        if std::ptr::eq(recent, word) && key >= 0 {
            return key;
        }
        let words = &mut self.words;
        let key = *self.keys.entry(word).or_insert_with(|| {
            words.push(word);
            i32::try_from(words.len() - 1).expect("a batch has fewer rows than that")
        });
        self.recent[slot] = (word, key);
        key
    }
}

fn fitting(number: i128, name: &str) -> io::Result<i64> {
    let fits = i64::try_from(number).ok().filter(|number| number.unsigned_abs() < 10_u64.pow(DIGITS.into()));
    fits.ok_or_else(|| io::Error::other(format!("a value of column `{name}` has more than {DIGITS} digits, which Parquet cannot take; use CSV")))
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
