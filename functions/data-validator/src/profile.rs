//! What a pass found, as a document; the parts of an object put together.

use pawl::dataset::{Scan, Stitch};
use pawl::documents::{Found, PROFILED, PROFILED_PART, Partition, Piece, Profiled};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Store};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Treated;
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::pass::{Completed, Findings, Pass, PassError};

/// What a pass found, as it is kept.
fn found(findings: Findings) -> Found {
    match findings {
        Findings::Scan(scan) => Found::Scan(scan),
        Findings::Range(part) => Found::Range(part),
    }
}

/// One pass over a partition.
pub(crate) async fn profile(
    edge: &Edge<impl Store, impl Data>,
    model: &ModelName,
    generation: Generation,
    partition: &Partition,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pass = Pass::load(edge, &keys, generation, partition.reference.as_ref()).await?;
    let object = partition.object.clone();
    let profiled = match pass.over(edge, partition, None).await? {
        Ok(Completed { found: findings, treated }) => Profiled { object, found: found(findings), treated },
        Err(error) => Profiled { object, found: Found::Unreadable(error.to_string()), treated: None },
    };
    let readable = !matches!(profiled.found, Found::Unreadable(_));
    PROFILED_PART.of(&keys, partition).write(&edge.store, &profiled, Condition::Always).await?;
    Ok(json!({ "object": partition.object.id, "part": partition.part, "readable": readable }))
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
    for partition in partitions {
        let part = PROFILED_PART.of(keys, partition).require(store).await?;
        match part.found {
            Found::Scan(scan) => {
                let rows = whole.tally.rows;
                whole.append(*scan, rows);
            }
            other @ (Found::Unreadable(_) | Found::Range(_)) => return Ok(other),
        }
        add(treated, part.treated);
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
    let mut stitch = match pass.header(edge, &first.object).await? {
        Ok(header) => Stitch::new(&header),
        Err(error) => return Ok(Found::Unreadable(error.to_string())),
    };
    for partition in partitions {
        let part = PROFILED_PART.of(keys, partition).require(&edge.store).await?;
        if let Found::Range(range) = part.found
            && stitch.add(*range).is_ok()
        {
            add(treated, part.treated);
            continue;
        }
        let again = match pass.over(edge, partition, Some(stitch.next_start())).await? {
            Ok(Completed { found: Findings::Range(range), treated }) => {
                stitch.add(*range).map(|()| treated).map_err(|_| PassError::Changed)
            }
            Ok(Completed { found: Findings::Scan(_), .. }) => Err(PassError::Changed),
            Err(PassError::Records(error)) => Err(PassError::Records(stitch.explain(error))),
            Err(error) => Err(error),
        };
        match again {
            Ok(part) => add(treated, part),
            Err(error) => return Ok(Found::Unreadable(error.to_string())),
        }
    }
    Ok(Found::Scan(Box::new(stitch.finish())))
}
