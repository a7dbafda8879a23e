//! What a pass found, as a document; the parts of an object put together.

use pawl::dataset::{Scan, Stitch};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Object, Store, read, write};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Treated;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::parts::{Partition, Piece};
use crate::pass::{Completed, Findings, Pass, PassError};

/// The document `profiles/<model>/<object>.json`, and that of each part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Looked {
    pub(crate) object: Object,
    pub(crate) found: Found,
    /// What training makes of rows that the model selected, where the pipeline says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) treated: Option<Treated>,
}

/// What the pass found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// The object could be read.
    Scan(Box<Scan>),
    /// A byte range could be read, from where its first record seemed to start.
    Range(Box<pawl::dataset::Part>),
    /// It could not: why, and what would be right.
    Unreadable(String),
}

impl From<Findings> for Found {
    fn from(read: Findings) -> Self {
        match read {
            Findings::Scan(scan) => Self::Scan(scan),
            Findings::Range(part) => Self::Range(part),
        }
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
    let looked = match pass.over(edge, partition, None).await? {
        Ok(Completed { found, treated }) => Looked { object, found: found.into(), treated },
        Err(error) => Looked { object, found: Found::Unreadable(error.to_string()), treated: None },
    };
    let readable = !matches!(looked.found, Found::Unreadable(_));
    write(&edge.store, &partition.key(&keys), &looked, Condition::Always).await?;
    Ok(json!({ "object": partition.object.id, "part": partition.part, "readable": readable }))
}

/// What the partitions of one object found together, kept as the object's own profile.
pub(crate) async fn join(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    generation: Generation,
    partitions: &[Partition],
) -> Result<Looked, Fault> {
    let Some(first) = partitions.first() else {
        return Err(Fault::BadInput("an object without partitions".to_owned()));
    };
    if partitions.len() == 1 {
        return load(&edge.store, &first.key(keys)).await;
    }
    let mut treated = None;
    let found = match first.piece {
        Piece::Bytes(_) => stitch(edge, keys, generation, partitions, &mut treated).await?,
        Piece::Whole | Piece::RowGroups(_) => append(&edge.store, keys, partitions, &mut treated).await?,
    };
    let whole = Looked { object: first.object.clone(), found, treated };
    write(&edge.store, &keys.profile(&first.object.id), &whole, Condition::Always).await?;
    Ok(whole)
}

async fn load(store: &impl Store, key: &str) -> Result<Looked, Fault> {
    let found = read::<Looked>(store, key).await?;
    found.map(|(looked, _)| looked).ok_or_else(|| Fault::NotFound(key.to_owned()))
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
        let part = load(store, &partition.key(keys)).await?;
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
        let part = load(&edge.store, &partition.key(keys)).await?;
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
