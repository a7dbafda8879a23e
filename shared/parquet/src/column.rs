//! One column chunk into the profile of its column.

use bytes::Bytes;
use parquet::file::reader::ChunkReader;

use crate::decode::{self, DICTIONARY, PLAIN, Visit};
use crate::error::{FileLocation, ParquetError};
use crate::file::ParquetFile;
use crate::fill::Fill;
use crate::header::PageKind;
use crate::hybrid::{Run, runs, unpack};
use crate::leaf::Leaf;
use crate::levels::Parts;
use crate::pages::{Page, Pages, WINDOW};
use crate::write::Raw;

/// The dictionary of a chunk. Values written as its codes are counted by code: what a value means is
/// worked out once, not once a row.
pub(crate) struct Dictionary {
    pub(crate) values: Bytes,
    pub(crate) entries: usize,
}

/// Adds a column chunk.
pub(crate) fn read<R: ChunkReader>(
    file: &ParquetFile<R>,
    row_group: usize,
    column: usize,
    fill: &mut Fill,
) -> Result<(), ParquetError> {
    let leaf = &file.leaves[column];
    let group = file.metadata.row_group(row_group);
    let place = FileLocation { column: leaf.name.clone(), row_group, byte: 0 };
    let mut pages = Pages::new(&file.source, group.column(column), place, WINDOW)?;
    let mut dictionary: Option<(Dictionary, Vec<u64>)> = None;
    let mut rows = 0;
    while let Some(page) = pages.next()? {
        let broken = |reason: &str| pages.place.broken(reason);
        if page.header.kind == PageKind::Dictionary {
            if dictionary.is_some() {
                return Err(broken("it has two dictionaries"));
            }
            let found = Dictionary::new(leaf, page).map_err(broken)?;
            let counts = vec![0; found.entries];
            dictionary = Some((found, counts));
            continue;
        }
        let entries = page.header.values;
        let parts = Parts::cut(&page.header, page.body, leaf.highest).map_err(broken)?;
        let short = || broken("the levels of a page do not fit its values");
        let present = parts.present(entries, leaf.highest).ok_or_else(short)?;
        rows += parts.rows(entries, leaf.highest, rows == 0).ok_or_else(short)?;
        fill.missing(u64::from(entries) - present);
        let present = usize::try_from(present).unwrap_or(usize::MAX);
        if DICTIONARY.contains(&page.header.encoding) {
            let (_, counts) =
                dictionary.as_mut().ok_or_else(|| broken("it refers to a dictionary it has not"))?;
            tally(&parts.values, present, counts)
                .ok_or_else(|| broken("a page's codes are too few, or not in its dictionary"))?;
        } else {
            decode::values(leaf, page.header.encoding, &parts.values, present, fill)
                .map_err(|reason| broken(&reason))?;
        }
    }
    if rows != group.num_rows().unsigned_abs() {
        return Err(pages.place.broken(format!("it has {rows} rows, its row group {}", group.num_rows())));
    }
    if let Some((dictionary, counts)) = dictionary {
        decode::plain(leaf, &dictionary.values, dictionary.entries, &mut fill.counted(&counts))
            .ok_or_else(|| pages.place.broken("its dictionary ends early"))?;
    }
    Ok(())
}

impl Dictionary {
    /// The dictionary of a page; the error is what is wrong with it.
    pub(crate) fn new(leaf: &Leaf, page: Page) -> Result<Self, &'static str> {
        if ![PLAIN, DICTIONARY[0]].contains(&page.header.encoding) {
            return Err("its dictionary is not written plainly");
        }
        let entries = page.header.values as usize;
        decode::plain(leaf, &page.body, entries, &mut Ignore).ok_or("its dictionary ends early")?;
        Ok(Self { values: page.body, entries })
    }
}

/// Sees that values are there.
struct Ignore;

impl Visit for Ignore {
    fn visit<V: Raw>(&mut self, values: impl Iterator<Item = V>) {
        values.for_each(drop);
    }

    fn truths(&mut self, _value: bool, _count: usize) {}
}

/// Counts the codes of a page.
fn tally(bytes: &[u8], count: usize, counts: &mut [u64]) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let (&width, bytes) = bytes.split_first()?;
    if width > 32 {
        return None;
    }
    runs(bytes, width.into(), count, |run| match run {
        Run::Same { value, count } => {
            *counts.get_mut(value as usize)? += count as u64;
            Some(())
        }
        Run::Packed { bytes, count } => unpack(bytes, width.into(), count, |code| {
            *counts.get_mut(code as usize)? += 1;
            Some(())
        }),
    })
}
