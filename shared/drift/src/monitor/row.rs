//! The rows of a JSON request, each written as CSV.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What the servers of SageMaker's built-in algorithms, of TensorFlow and of MLflow call the list of rows.
/// Sources: <https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html>,
/// <https://www.tensorflow.org/tfx/serving/api_rest>, <https://mlflow.org/docs/latest/genai/serving/>.
const ROWS: [&str; 3] = ["instances", "inputs", "dataframe_records"];

/// The rows of a payload: JSON Lines, one JSON value (an object, alone or under `features`, or a list in the
/// features' order), a list of such, a list of such under one of [`ROWS`], columns (`{"a": [1, 2], "b":
/// [3, 4]}`), or pandas' `{"columns": […], "data": [[…]]}`. None where it is none of these.
pub(super) fn rows<'a>(payload: &'a str, features: &[String]) -> Option<Vec<Row<'a>>> {
    let values = serde_json::Deserializer::from_str(payload).into_iter::<&RawValue>();
    let values = values.collect::<Result<Vec<_>, _>>().ok()?;
    match values.as_slice() {
        [document] => in_document(document, features),
        values => values.iter().map(|value| Row::read(value, features)).collect(),
    }
}

/// The rows of one JSON value.
fn in_document<'a>(document: &'a RawValue, features: &[String]) -> Option<Vec<Row<'a>>> {
    let Row::Named(fields) = Row::plain(document)? else { return in_list(document, features) };
    if let Some(list) = ROWS.iter().find_map(|name| fields.wrapper(name, features)) {
        return in_list(list, features);
    }
    let split = fields.wrapper("dataframe_split", features).map(Row::plain);
    match split {
        Some(Some(Row::Named(split))) => split.table(features),
        Some(_) => None,
        None => fields
            .table(features)
            .or_else(|| fields.columns(features))
            .or_else(|| Some(vec![Row::read(document, features)?])),
    }
}

/// The rows of a list; of a list of plain values the one row that it is. Columns may stand where a list
/// belongs.
fn in_list<'a>(document: &'a RawValue, features: &[String]) -> Option<Vec<Row<'a>>> {
    match Row::plain(document)? {
        Row::List(list) if !list.is_empty() && list.iter().all(|item| is_nested(item)) => {
            list.into_iter().map(|item| Row::read(item, features)).collect()
        }
        Row::Named(fields) => fields.columns(features),
        row => Some(vec![row]),
    }
}

fn is_nested(value: &RawValue) -> bool {
    value.get().starts_with(['[', '{'])
}

/// One field of CSV.
pub(super) fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

/// The features of one row, each as it was written: a number is not worth reading only to be written again.
pub(super) enum Row<'a> {
    Named(Fields<'a>),
    List(Vec<&'a RawValue>),
}

impl<'a> Row<'a> {
    /// Writes the features in their order, without the row's end. None where a value is no JSON.
    pub(super) fn write(&self, row: &mut String, features: &[String]) -> Option<()> {
        match self {
            Self::List(list) => values(row, list.iter().copied().map(Some)),
            Self::Named(fields) => {
                values(row, features.iter().enumerate().map(|(at, name)| fields.get(name, at)))
            }
        }
    }

    /// A row, alone or within `features`, `data.features` or `data.features.values`. Sparse features, which
    /// name their places under `keys`, are not read.
    fn read(record: &'a RawValue, features: &[String]) -> Option<Self> {
        let mut row = Self::plain(record)?;
        for name in ["data", "features", "values"] {
            if let Self::Named(fields) = &row
                && let Some(inner) = fields.wrapper(name, features)
            {
                let sparse = fields.wrapper("keys", features).is_some();
                row = Self::plain(inner).filter(|_| !sparse)?;
            }
        }
        Some(row)
    }

    fn plain(record: &'a RawValue) -> Option<Self> {
        let text = record.get();
        match text.as_bytes().first()? {
            b'{' => serde_json::from_str(text).ok().map(Self::Named),
            b'[' => serde_json::from_str(text).ok().map(Self::List),
            _ => None,
        }
    }
}

/// An object's fields in the order in which they stand.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Fields<'a> {
    /// The value under a name. One client writes its features in one order: it is looked for at its usual
    /// place first.
    fn get(&self, name: &str, at: usize) -> Option<&'a RawValue> {
        let named = |(found, _): &&(Cow<'a, str>, &'a RawValue)| found == name;
        let field = self.0.get(at).filter(named).or_else(|| self.0.iter().find(named));
        field.map(|(_, value)| *value)
    }

    /// What stands under a name that is no feature's.
    fn wrapper(&self, name: &str, features: &[String]) -> Option<&'a RawValue> {
        if features.iter().any(|feature| feature == name) { None } else { self.get(name, 0) }
    }

    /// The rows of a table that names its columns first and gives its rows then, as pandas' `split` does.
    fn table(&self, features: &[String]) -> Option<Vec<Row<'a>>> {
        let (names, data) = (self.wrapper("columns", features)?, self.wrapper("data", features)?);
        let names: Vec<Cow<'a, str>> = serde_json::from_str::<Vec<Name<'a>>>(names.get())
            .ok()?
            .into_iter()
            .map(|Name(name)| name)
            .collect();
        let rows: Vec<Vec<&'a RawValue>> = serde_json::from_str(data.get()).ok()?;
        let named = |values: Vec<&'a RawValue>| {
            (values.len() == names.len())
                .then(|| Row::Named(Fields(names.iter().cloned().zip(values).collect())))
        };
        rows.into_iter().map(named).collect()
    }

    /// The rows of features that each stand in a list of their own, all of one length.
    fn columns(&self, features: &[String]) -> Option<Vec<Row<'a>>> {
        let known = features.iter().enumerate().filter_map(|(at, name)| Some((name, self.get(name, at)?)));
        let lists = known.map(|(name, list)| {
            Some((name.clone(), serde_json::from_str::<Vec<&'a RawValue>>(list.get()).ok()?))
        });
        let lists: Vec<(String, Vec<&'a RawValue>)> = lists.collect::<Option<_>>()?;
        let rows = lists.first()?.1.len();
        if rows == 0 || lists.iter().any(|(_, list)| list.len() != rows) {
            return None;
        }
        let field = |(name, list): &(String, Vec<&'a RawValue>), at: usize| {
            list.get(at).map(|value| (Cow::Owned(name.clone()), *value))
        };
        let row = |at| Row::Named(Fields(lists.iter().filter_map(|column| field(column, at)).collect()));
        Some((0..rows).map(row).collect())
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of features")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Writes values as one row of CSV without its end.
fn values<'a>(row: &mut String, values: impl Iterator<Item = Option<&'a RawValue>>) -> Option<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            row.push(',');
        }
        let text = value.map_or("null", RawValue::get);
        match text.as_bytes().first()? {
            b'n' => {}
            b'"' => row.push_str(&quoted(&serde_json::from_str::<Cow<'_, str>>(text).ok()?)),
            // Lists and objects are written as text, with commas and quotes.
            b'[' | b'{' => row.push_str(&quoted(text)),
            _ => row.push_str(text),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(payload: &str, features: &[&str]) -> Option<String> {
        let features: Vec<String> = features.iter().map(|name| (*name).to_owned()).collect();
        let mut all = Vec::new();
        for row in rows(payload, &features)? {
            let mut text = String::new();
            row.write(&mut text, &features)?;
            all.push(text);
        }
        Some(all.join(" | "))
    }

    #[test]
    fn a_row_is_the_features_in_their_order_whatever_the_clients() {
        for (record, expected) in [
            (r#"{"temp": 0.50, "town": "a, b", "hum": null}"#, Some("0.50,\"a, b\",")),
            (r#"{"hum": true, "extra": [1], "town": "x", "temp": -1e3}"#, Some("-1e3,x,true")),
            (r#"{"features": {"town": "x"}}"#, Some(",x,")),
            (r#"{"features": [1, [2, 3], "q\"q"]}"#, Some("1,\"[2, 3]\",\"q\"\"q\"")),
            ("{}", Some(",,")),
            ("{\"temp\": 1", None),
            ("0.5", None),
            ("", Some("")),
        ] {
            assert_eq!(written(record, &["temp", "town", "hum"]).as_deref(), expected, "{record}");
        }
    }

    #[test]
    fn many_rows_come_in_the_forms_of_the_usual_servers() {
        for payload in [
            "{\"a\": 1, \"b\": \"x\"}\n{\"b\": \"y\", \"a\": 2}",
            "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n{\"a\": 2, \"b\": \"y\"}",
            r#"[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]"#,
            r#"[[1, "x"], [2, "y"]]"#,
            r#"{"instances": [[1, "x"], [2, "y"]]}"#,
            r#"{"instances": [{"features": [1, "x"]}, {"features": [2, "y"]}]}"#,
            r#"{"instances": [{"data": {"features": {"values": [1, "x"]}}}, {"features": [2, "y"]}]}"#,
            r#"{"inputs": {"a": [1, 2], "b": ["x", "y"]}}"#,
            r#"{"a": [1, 2], "b": ["x", "y"]}"#,
            r#"{"columns": ["b", "a"], "index": [0, 1], "data": [["x", 1], ["y", 2]]}"#,
            r#"{"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}}"#,
            r#"{"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}"#,
        ] {
            assert_eq!(written(payload, &["a", "b"]).as_deref(), Some("1,x | 2,y"), "{payload}");
        }
    }

    #[test]
    fn what_is_no_table_is_not_guessed_at() {
        for payload in [
            r#"{"dataframe_split": [1]}"#,
            r#"{"dataframe_split": {"columns": ["a", "b"], "data": [[1]]}}"#,
            r#"{"instances": [{"features": {"keys": [7], "shape": [9], "values": [1]}}]}"#,
            r#"{"instances": 3}"#,
        ] {
            assert_eq!(written(payload, &["a", "b"]), None, "{payload}");
        }
        // Lists of two lengths are no columns: the values are lists.
        assert_eq!(written(r#"{"a": [1, 2], "b": [3]}"#, &["a", "b"]).as_deref(), Some("\"[1, 2]\",[3]"));
        // A feature may have any name.
        assert_eq!(written(r#"{"inputs": 3, "data": 4}"#, &["inputs", "data"]).as_deref(), Some("3,4"));
    }
}
