//! What a team says of its columns, in the `data` section of pipeline.yaml.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recode::Encoding;
use crate::profile::ColumnType;

/// What is known of the columns beforehand. Everything may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Schema {
    /// The character between fields. Default: a comma.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether the first row names the columns; else they are called column_1, column_2 and so on.
    /// Default: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// How many lines are passed over at the beginning. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    /// What stands around a field that holds separators. Default: `"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<char>,
    /// What stands before a quote within a quoted field. Default: another quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<char>,
    /// Lines that begin with it are passed over, within quotes as well. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<char>,
    /// How characters are written as bytes: a label such as latin1, windows-1252 or utf-16le. Default: UTF-8,
    /// unless a byte order mark says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Whether numbers are written with a comma before their fraction: `1,5`. The character between fields is
    /// another one then, or such numbers stand in quotes. Default: no.
    pub decimal_comma: bool,
    /// Texts that mean "no value", besides the empty field.
    pub null_words: Vec<String>,
    /// The time order of the rows, in which gaps and stuck values are judged. Default: none.
    pub time: Option<TimeOrder>,
    /// Columns that a user fixes, by name. Others are inferred.
    pub columns: BTreeMap<String, ColumnSpec>,
    /// Columns that are carried along but neither profiled nor judged.
    pub ignore: Vec<String>,
}

impl Default for Schema {
    fn default() -> Self {
        Self {
            delimiter: None,
            header: None,
            skip: None,
            quote: None,
            escape: None,
            comment: None,
            encoding: None,
            decimal_comma: false,
            null_words: ["NA", "N/A", "NULL", "null", "\\N"].map(str::to_owned).to_vec(),
            time: None,
            columns: BTreeMap::new(),
            ignore: Vec::new(),
        }
    }
}

impl Schema {
    /// The byte between fields; a comma for a character that is no single byte.
    pub fn delimiter(&self) -> u8 {
        self.delimiter.and_then(|it| u8::try_from(it).ok()).filter(u8::is_ascii).unwrap_or(b',')
    }
}

/// What a user fixes of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its type. A row with another is quarantined; nothing is recast.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnType>,
}

/// The columns that put a row in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeOrder {
    /// A column of dates (`2012-10-29`) or timestamps.
    pub date: String,
    /// A column of hours (0 to 23), where the date column holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<String>,
    /// Seconds from one row to the next. Default: an hour.
    #[serde(default = "hourly")]
    pub every: u64,
}

fn hourly() -> u64 {
    3600
}
