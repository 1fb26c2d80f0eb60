//! Columns as the bytes of a Parquet file, by all processors.
//!
//! polars encodes the columns of a row group side by side, but compresses them one after the other,
//! which takes most of the time. So its steps are taken here one by one: the columns of several row
//! groups are encoded and compressed side by side, and then written in their order. The bytes are
//! those that polars' own writer makes.

use polars::frame::chunk_df_for_writing;
use polars::prelude::{
    ArrayRef, CompatLevel, DataFrame, ParquetCompression, ParquetWriter, PolarsError, PolarsResult,
    StatisticsOptions, get_encodings,
};
use polars_parquet::write::{
    CompressedPage, CompressionOptions, Encoding, ParquetType, Version, WriteOptions,
    array_to_columns, compress,
};
use rayon::prelude::*;

/// So many rows, or up to twice as many, are a row group: what polars takes when it is not told.
const ROWS_IN_GROUP: usize = 512 * 512;

const COMPRESSION: ParquetCompression = ParquetCompression::Zstd(None);

/// A frame of flat columns as the bytes of a Parquet file.
pub fn write(frame: &mut DataFrame) -> PolarsResult<Vec<u8>> {
    let frame = chunk_df_for_writing(frame, ROWS_IN_GROUP)?;
    let groups = frame.iter_chunks(CompatLevel::newest(), false);
    let groups: Vec<_> = groups.filter(|group| !group.is_empty()).collect();
    let mut bytes = Vec::new();
    let mut writer = ParquetWriter::new(&mut bytes)
        .with_compression(COMPRESSION)
        .batched(frame.schema())?;
    let fields = writer.parquet_schema().fields().to_vec();
    // No more at a time than keep every processor busy: they are held in memory.
    for groups in groups.chunks(rayon::current_num_threads() * 4) {
        let pages = groups.par_iter().map(|group| {
            let encodings = get_encodings(group.schema());
            let columns = group.columns().par_iter().zip(&fields).zip(&encodings[..]);
            columns
                .map(|((array, field), encoding)| pages_of(array, field, encoding))
                .collect::<PolarsResult<Vec<_>>>()
        });
        let pages: Vec<_> = pages.collect::<PolarsResult<_>>()?;
        for (group, pages) in groups.iter().zip(&pages) {
            writer.write_row_group(group.len() as u64, pages)?;
        }
    }
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

/// The pages of a column of a row group.
fn pages_of(
    array: &ArrayRef,
    field: &ParquetType,
    encoding: &[Encoding],
) -> PolarsResult<Vec<CompressedPage>> {
    let options = WriteOptions {
        statistics: StatisticsOptions::default(),
        version: Version::V1,
        compression: CompressionOptions::from(COMPRESSION),
        data_page_size: None,
    };
    let columns = array_to_columns(array, field.clone(), options, encoding)?;
    let pages = columns.into_iter().flatten();
    pages
        .map(|page| compress(page?, Vec::new(), options.compression).map_err(PolarsError::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, NamedFrom, Series};

    use super::*;

    /// What polars writes by itself.
    fn by_polars(frame: &mut DataFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes)
            .with_compression(COMPRESSION)
            .finish(frame)
            .unwrap();
        bytes
    }

    fn frame(rows: usize) -> DataFrame {
        let number = |row: usize| (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let some = |row: &usize| number(*row) % 7 > 0;
        let rows = || 0..rows;
        let integers: Vec<i64> = rows().map(|row| number(row) as i64).collect();
        let floats: Vec<Option<f64>> = rows()
            .map(|row| Some(row).filter(some).map(|row| number(row) as f64 / 8.0))
            .collect();
        let texts: Vec<Option<String>> = rows()
            .map(|row| {
                Some(row)
                    .filter(some)
                    .map(|row| format!("{:x}", number(row) % 5000))
            })
            .collect();
        let bools: Vec<bool> = rows().map(|row| number(row) % 3 == 0).collect();
        let columns = vec![
            Column::from(Series::new("i".into(), integers)),
            Column::from(Series::new("f".into(), floats)),
            Column::from(Series::new("t".into(), texts)),
            Column::from(Series::new("b".into(), bools)),
        ];
        DataFrame::new(rows().len(), columns).unwrap()
    }

    #[test]
    fn the_bytes_are_those_that_polars_writes() {
        for rows in [0, 1, 1000, ROWS_IN_GROUP, 5 * ROWS_IN_GROUP / 2] {
            let mut frame = frame(rows);
            assert!(
                write(&mut frame).unwrap() == by_polars(&mut frame),
                "{rows} rows"
            );
        }
        let mut without_columns = DataFrame::new(3, Vec::new()).unwrap();
        assert_eq!(
            write(&mut without_columns).unwrap(),
            by_polars(&mut without_columns)
        );
    }
}
