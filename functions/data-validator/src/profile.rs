//! What a pass found, as a document; the parts of an object put together.

use std::sync::Arc;

use pawl::dataset::{Scan, Stitch};
use pawl::documents::{Found, PROFILED, PROFILED_PART, Partition, Piece, Profiled};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Store, at_once};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Treated;
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::pass::{Completed, Findings, Pass, PassError, PassFailure};

/// What a pass found, as it is kept.
fn found(findings: Findings) -> Found {
    match findings {
        Findings::Scan(scan) => Found::Scan(scan),
        Findings::Range(part) => Found::Range(part),
    }
}

/// So many passes of one call are under way at once: small objects, whose time is spent on waiting.
const PASSES: usize = 8;

/// One pass over each partition of a call.
pub(crate) async fn profile(
    edge: &Edge<impl Store, impl Data>,
    model: &ModelName,
    generation: Generation,
    partitions: &[Partition],
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let reference = partitions.first().and_then(|partition| partition.reference.as_ref());
    let pass = Pass::load(edge, &keys, generation, reference).await?;
    let mut unreadable = 0;
    for some in partitions.chunks(PASSES) {
        let passes = some.iter().map(|partition| one(edge, &keys, &pass, partition));
        at_once::each(passes, |readable| unreadable += usize::from(readable == Readable::No)).await?;
    }
    Ok(json!({ "partitions": partitions.len(), "unreadable": unreadable }))
}

/// Whether the object of a partition could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readable {
    Yes,
    No,
}

async fn one(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    pass: &Arc<Pass>,
    partition: &Partition,
) -> Result<Readable, Fault> {
    let object = partition.object.clone();
    let (found, treated) = match pass.over(edge, partition, None).await {
        Ok(Completed { found: findings, treated }) => (found(findings), treated),
        Err(failure) => (Found::Unreadable(failure.unreadable()?.to_string()), None),
    };
    let profiled = Profiled { object, found, treated };
    PROFILED_PART.of(keys, partition).write(&edge.store, &profiled, Condition::Always).await?;
    Ok(match profiled.found {
        Found::Unreadable(_) => Readable::No,
        Found::Scan(_) | Found::Range(_) => Readable::Yes,
    })
}

/// What the partitions of one object found together, kept as the object's own profile.
pub(crate) async fn join(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    generation: Generation,
    partitions: &[Partition],
) -> Result<Profiled, Fault> {
    let Some(first) = partitions.first() else {
        return Err(Fault::BadInput("an object without partitions".to_owned()));
    };
    if partitions.len() == 1 {
        return PROFILED_PART.of(keys, first).require(&edge.store).await;
    }
    let mut treated = None;
    let found = match first.piece {
        Piece::Bytes(_) => stitch(edge, keys, generation, partitions, &mut treated).await?,
        Piece::Whole | Piece::RowGroups(_) => append(&edge.store, keys, partitions, &mut treated).await?,
    };
    let whole = Profiled { object: first.object.clone(), found, treated };
    PROFILED.of(keys, &first.object.id).write(&edge.store, &whole, Condition::Always).await?;
    Ok(whole)
}

/// Adds how a part's rows were treated.
fn add(treated: &mut Option<Treated>, part: Option<Treated>) {
    if let Some(part) = part {
        treated.get_or_insert_default().add(&part);
    }
}

/// Row groups, one behind the other.
async fn append(
    store: &impl Store,
    keys: &Keys,
    partitions: &[Partition],
    treated: &mut Option<Treated>,
) -> Result<Found, Fault> {
    let mut whole = Scan::default();
    for some in partitions.chunks(PARTS) {
        for part in parts(store, keys, some).await? {
            match part.found {
                Found::Scan(scan) => {
                    let rows = whole.tally.rows;
                    whole.append(*scan, rows);
                }
                other @ (Found::Unreadable(_) | Found::Range(_)) => return Ok(other),
            }
            add(treated, part.treated);
        }
    }
    Ok(Found::Scan(Box::new(whole)))
}

/// Byte ranges, stitched where records cross their borders. A range that began at the wrong place, which
/// text within quotes can bring about, is read again from the right one.
async fn stitch(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    generation: Generation,
    partitions: &[Partition],
    treated: &mut Option<Treated>,
) -> Result<Found, Fault> {
    let Some(first) = partitions.first() else { return Ok(Found::Scan(Box::default())) };
    let pass = Pass::load(edge, keys, generation, first.reference.as_ref()).await?;
    let mut stitch = match pass.header(edge, &first.object).await {
        Ok(header) => Stitch::new(&header),
        Err(failure) => return Ok(Found::Unreadable(failure.unreadable()?.to_string())),
    };
    for some in partitions.chunks(PARTS) {
        for (partition, part) in some.iter().zip(parts(&edge.store, keys, some).await?) {
            let fits = match part.found {
                Found::Range(range) => stitch.add(*range).is_ok(),
                Found::Scan(_) | Found::Unreadable(_) => false,
            };
            let added = match fits {
                true => Ok(part.treated),
                false => again(edge, &pass, &mut stitch, partition).await,
            };
            match added {
                Ok(part) => add(treated, part),
                Err(failure) => return Ok(Found::Unreadable(failure.unreadable()?.to_string())),
            }
        }
    }
    Ok(Found::Scan(Box::new(stitch.finish())))
}

/// Reads a range from the place where the one before it ended.
async fn again(
    edge: &Edge<impl Store, impl Data>,
    pass: &Arc<Pass>,
    stitch: &mut Stitch,
    partition: &Partition,
) -> Result<Option<Treated>, PassFailure> {
    match pass.over(edge, partition, Some(stitch.next_start())).await {
        Ok(Completed { found: Findings::Range(range), treated }) => {
            stitch.add(*range).map_err(|_| PassError::Changed)?;
            Ok(treated)
        }
        Ok(Completed { found: Findings::Scan(_), .. }) => Err(PassError::Changed.into()),
        Err(PassFailure::Unreadable(PassError::Records(error))) => {
            Err(PassError::Records(stitch.explain(error)).into())
        }
        Err(failure) => Err(failure),
    }
}

/// So many parts of one object are read at once: many objects are put together at the same time.
const PARTS: usize = 8;

/// What reading these parts came to.
async fn parts(store: &impl Store, keys: &Keys, partitions: &[Partition]) -> Result<Vec<Profiled>, Fault> {
    at_once::all(partitions.iter().map(|it| async { PROFILED_PART.of(keys, it).require(store).await })).await
}
