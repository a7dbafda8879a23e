//! Where each field of a YAML file stands.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A line and a column, from 1.
pub(super) type Place = (u64, u64);

/// A value in the file: its path with dots (empty for the whole document) and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) place: Place,
}

/// All values, in the order of the file. None where the text is no YAML.
pub(super) fn fields(yaml: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Ok(root) = serde_saphyr::from_str::<Spanned<Node>>(yaml) {
        collect(String::new(), &root, &mut fields);
    }
    fields
}

fn collect(path: String, node: &Spanned<Node>, fields: &mut Vec<Field>) {
    let place = (node.referenced.line(), node.referenced.column());
    fields.push(Field { path: path.clone(), place });
    for (name, child) in &node.value.children {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(path, child, fields);
    }
}

/// A value of any shape, of which only the children count.
#[derive(Default)]
struct Node {
    children: Vec<(String, Spanned<Node>)>,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl<'de> Visitor<'de> for AnyShape {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Node, M::Error> {
        let mut children = Vec::new();
        while let Some(entry) = map.next_entry()? {
            children.push(entry);
        }
        Ok(Node { children })
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Node, S::Error> {
        let mut children = Vec::new();
        while let Some(item) = seq.next_element()? {
            children.push((children.len().to_string(), item));
        }
        Ok(Node { children })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::default())
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::default())
    }
}
