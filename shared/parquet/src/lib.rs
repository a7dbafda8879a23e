//! Parquet files read into Pawl's profiles, in memory that depends on columns and pages, never on rows.
//!
//! A crate of its own, so that a function that never reads Parquet does not link it.
//!
//! - **Columns** are the leaves of the schema, named by their path: `price`, `address.city`,
//!   `tags.list.element`. Lists and maps count rows, not items: the value of a repeated leaf is the list that
//!   a row holds of it, as the text JSON writes, `["a","b"]`. A null list is missing, an empty one is `[]`.
//!   A name that comes again becomes `name_2`, as in CSV.
//! - **Values** are profiled exactly as the CSV text of each would be (see [`pawl_data::profile::typed`]):
//!   a text `12` is a whole number, an empty text is missing. Decimals, floats and integers are
//!   numbers; dates and timestamps (INT96 too) are timestamps, written `2011-01-01 10:00:00.5`, with
//!   `+00` where the type says UTC; times of day are texts, `10:00:00`. A `float` means its shortest
//!   decimal form, a `float16` that of the equal `float`. A UUID is text. Bytes that are no UTF-8 are
//!   text in hexadecimal, `0x00ff`.
//! - **Rows** are judged only where something asks for it (constraints, a time order, a type that a user
//!   fixed, a sink that wants rows): then each row goes through [`pawl_data::dataset::Scanner`] as its CSV
//!   record.
//! - **Row groups** are the partitions: profiles of ranges of them merge into that of the whole.
//! - **A file is not trusted.** The footer is walked before it is decoded, every size is held against
//!   a bound before anything is reserved, checksums are verified, and what does not add up is a
//!   [`ParquetError`] that names the column and the place.
//!
//! Reading goes through a [`ChunkReader`]: a file, bytes in memory, or ranged
//! reads of an object.
//!
//! ```
//! use bytes::Bytes;
//! use pawl_parquet::{ParquetFile, Plan, scan};
//!
//! let bytes = Bytes::from_static(include_bytes!("../tests/files/dictionary_v2.parquet"));
//! let file = ParquetFile::open(bytes)?;
//! let scan = scan(&file, &Plan::default(), &mut ())?;
//! assert!(scan.profile.rows > 0);
//! # Ok::<(), pawl_parquet::ParquetError>(())
//! ```

mod codec;
mod column;
mod decimal;
mod decode;
mod error;
mod file;
mod fill;
mod footer;
mod header;
mod hybrid;
mod leaf;
mod levels;
mod limits;
mod lists;
mod pages;
mod profile;
mod rows;
mod scan;
mod thrift;
mod write;

pub use error::{FileLocation, ParquetError};
pub use file::ParquetFile;
pub use limits::{COLUMN_LIMIT, FOOTER_LIMIT, PAGE_LIMIT};
pub use parquet::errors::Result;
pub use parquet::file::reader::{ChunkReader, Length};
pub use rows::write_rows;
pub use scan::{MOST_SAMPLED, Plan, scan};
