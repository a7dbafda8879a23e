//! What a pass found, as a document; the parts of an object put together.

use pawl::dataset::{Scan, Stitch};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Object, read, write};
use pawl::names::{Generation, ModelName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::parts::{Partition, Piece};
use crate::pass::{Pass, Trouble, Yield};

/// The document `profiles/<model>/<object>.json`, and that of each part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Looked {
    pub(crate) object: Object,
    pub(crate) found: Found,
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

impl From<Result<Yield, Trouble>> for Found {
    fn from(read: Result<Yield, Trouble>) -> Self {
        match read {
            Ok(Yield::Scan(scan)) => Self::Scan(scan),
            Ok(Yield::Range(part)) => Self::Range(part),
            Err(trouble) => Self::Unreadable(trouble.to_string()),
        }
    }
}

/// One pass over a partition.
pub(crate) async fn profile(
    edge: &Edge,
    model: &ModelName,
    generation: Generation,
    partition: &Partition,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pass = Pass::load(edge, &keys, generation, partition.reference.as_ref()).await?;
    let found = Found::from(pass.over(edge, partition, None).await?);
    let readable = !matches!(found, Found::Unreadable(_));
    let looked = Looked { object: partition.object.clone(), found };
    write(&edge.store, &partition.key(&keys), &looked, Condition::Always).await?;
    Ok(json!({ "object": partition.object.id, "part": partition.part, "readable": readable }))
}

/// What the partitions of one object found together, kept as the object's own profile.
pub(crate) async fn join(
    edge: &Edge,
    keys: &Keys,
    generation: Generation,
    partitions: &[&Partition],
) -> Result<Found, Fault> {
    let Some(first) = partitions.first() else {
        return Err(Fault::BadInput("an object without partitions".to_owned()));
    };
    if partitions.len() == 1 {
        return Ok(looked(edge, &first.key(keys)).await?.found);
    }
    let found = match first.piece {
        Piece::Bytes(_) => stitch(edge, keys, generation, partitions).await?,
        Piece::Whole | Piece::RowGroups(_) => append(edge, keys, partitions).await?,
    };
    let whole = Looked { object: first.object.clone(), found };
    write(&edge.store, &keys.profile(&first.object.id), &whole, Condition::Always).await?;
    Ok(whole.found)
}

async fn looked(edge: &Edge, key: &str) -> Result<Looked, Fault> {
    let found = read::<Looked>(&edge.store, key).await?;
    found.map(|(looked, _)| looked).ok_or_else(|| Fault::NotFound(key.to_owned()))
}

/// Row groups, one behind the other.
async fn append(edge: &Edge, keys: &Keys, partitions: &[&Partition]) -> Result<Found, Fault> {
    let mut whole = Scan::default();
    for partition in partitions {
        match looked(edge, &partition.key(keys)).await?.found {
            Found::Scan(scan) => {
                let rows = whole.tally.rows;
                whole.append(*scan, rows);
            }
            other @ (Found::Unreadable(_) | Found::Range(_)) => return Ok(other),
        }
    }
    Ok(Found::Scan(Box::new(whole)))
}

/// Byte ranges. One that began at the wrong place, which text within quotes can bring about, is read again from the right one.
async fn stitch(
    edge: &Edge,
    keys: &Keys,
    generation: Generation,
    partitions: &[&Partition],
) -> Result<Found, Fault> {
    let Some(first) = partitions.first() else { return Ok(Found::Scan(Box::default())) };
    let pass = Pass::load(edge, keys, generation, first.reference.as_ref()).await?;
    let mut stitch = match pass.header(edge, &first.object).await? {
        Ok(header) => Stitch::new(&header),
        Err(trouble) => return Ok(Found::Unreadable(trouble.to_string())),
    };
    for partition in partitions {
        if let Found::Range(part) = looked(edge, &partition.key(keys)).await?.found
            && stitch.add(*part).is_ok()
        {
            continue;
        }
        let again = match pass.over(edge, partition, Some(stitch.next_start())).await? {
            Ok(Yield::Range(part)) => stitch.add(*part).map_err(|_| Trouble::Changed),
            Ok(Yield::Scan(_)) => Err(Trouble::Changed),
            Err(Trouble::Records(error)) => Err(Trouble::Records(stitch.explain(error))),
            Err(trouble) => Err(trouble),
        };
        if let Err(trouble) = again {
            return Ok(Found::Unreadable(trouble.to_string()));
        }
    }
    Ok(Found::Scan(Box::new(stitch.finish())))
}
