//! How an object is shared out: whole, by byte ranges, or by row groups.

use pawl::dataset::file::{self, Content, Opened, Unsaid};
use pawl::dataset::{ByteRange, Header, Schema};
use pawl::documents::{Call, Partition, Piece};
use pawl::fault::Fault;
use pawl::ledger::{Object, Store};
use pawl::pipeline;
use pawl_parquet::ParquetFile;

use crate::edge::{Data, Edge};
use crate::source::Source;

/// The most parts of one object.
const MOST: u64 = 10_000;

/// The partitions of one object.
pub(crate) async fn plan(
    edge: &Edge<impl Store, impl Data>,
    data: &pipeline::Data,
    object: &Object,
    reference: &Option<String>,
) -> Result<Vec<Partition>, Fault> {
    let pieces = pieces(edge, data, object).await?;
    let parts = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let partition = |(part, piece)| Partition {
        object: object.clone(),
        piece,
        part,
        parts,
        reference: reference.clone(),
    };
    Ok((0..).zip(pieces).map(partition).collect())
}

/// The most partitions of one call. With keys as long as S3 allows they stay far below what a state's
/// payload may hold (256 KiB).
const MOST_AT_ONCE: usize = 50;

/// Shares the partitions out among calls: small objects together, up to the size of a part, so that tens of
/// thousands of them take no call each.
pub(crate) fn share_out(partitions: &[Partition], part_size: u64) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut bytes: u64 = 0;
    for partition in partitions {
        // A part of an object is as large as may be.
        let size = if partition.parts > 1 { part_size } else { partition.object.size };
        match calls.last_mut() {
            Some(call) if call.partitions.len() < MOST_AT_ONCE && bytes.saturating_add(size) <= part_size => {
                bytes += size;
                call.partitions.push(partition.clone());
            }
            _ => {
                bytes = size;
                calls.push(Call { partitions: vec![partition.clone()] });
            }
        }
    }
    calls
}

async fn pieces(
    edge: &Edge<impl Store, impl Data>,
    data: &pipeline::Data,
    object: &Object,
) -> Result<Vec<Piece>, Fault> {
    // Gaps and stuck values are seen in the order of time only.
    let whole =
        object.size <= data.part_size || data.schema.time.is_some() || object.size > data.largest_object;
    if whole {
        return Ok(vec![Piece::Whole]);
    }
    let (source, data) = (Source::new(&edge.objects, object), data.clone());
    let each = data.part_size.max(object.size / MOST + 1);
    let (pieces, fault) = on_a_thread(move || (split(&source, &data, each), source.fault())).await?;
    match (pieces, fault) {
        (Some(pieces), None) => Ok(pieces),
        // What cannot be read here is refused, with its reason, by the pass over the whole.
        (None, None) | (_, Some(Fault::NotFound(_))) => Ok(vec![Piece::Whole]),
        (_, Some(fault)) => Err(fault),
    }
}

/// The pieces of an object that can be shared out.
fn split(source: &Source<impl Data>, data: &pipeline::Data, each: u64) -> Option<Vec<Piece>> {
    let (opened, size) = (open_head(source, &data.schema).ok()?, source.object().size);
    match opened.kind {
        Content::Profile => None,
        _ if opened.packed => None,
        Content::Records(format) => {
            let header = Header::of(format, &opened.head, &data.schema, false).ok()??;
            let ranges = ByteRange::cover(&header, size, each);
            Some(ranges.into_iter().map(Piece::Bytes).collect())
        }
        Content::Parquet => {
            let file = ParquetFile::open(source.clone()).ok()?;
            let rows =
                u128::from(file.rows().iter().sum::<u64>()) * u128::from(each) / u128::from(size.max(1));
            let runs = file.runs(u64::try_from(rows).unwrap_or(u64::MAX));
            Some(runs.into_iter().map(Piece::RowGroups).collect())
        }
    }
}

/// Reads the first bytes of an object, which say what kind of file it is.
pub(crate) fn open_head(source: &Source<impl Data>, schema: &Schema) -> std::io::Result<Opened> {
    file::open(&source.object().key, source.read(0, file::HEAD), schema, Unsaid::Usual)
}

/// Runs what waits for S3 on a thread that may wait.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|e| Fault::Unavailable(format!("the reading thread ended: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_objects_share_a_call_up_to_the_size_of_a_part() {
        let partition = |size, parts| Partition {
            object: Object::new("b".into(), format!("k{size}"), None, "e".into(), size),
            piece: Piece::Whole,
            part: 0,
            parts,
            reference: None,
        };
        let sizes = |partitions: &[Partition]| {
            let calls = share_out(partitions, 100);
            let size = |partition: &Partition| partition.object.size;
            calls.iter().map(|call| call.partitions.iter().map(size).collect()).collect::<Vec<Vec<u64>>>()
        };
        assert_eq!(sizes(&[]), Vec::<Vec<u64>>::new());
        assert_eq!(
            sizes(&[60, 40, 1, 500, 0, 99, 1].map(|size| partition(size, 1))),
            [vec![60, 40], vec![1], vec![500], vec![0, 99, 1]]
        );
        // Parts of a large object have a call each.
        assert_eq!(sizes(&[partition(300, 3), partition(300, 3), partition(1, 1)]), [[300], [300], [1]]);
        let many = vec![partition(1, 1); 120];
        assert_eq!(sizes(&many).iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    }
}
