//! The column that a model learns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the model learns: a column as it stands, or a yes or no made of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The column.
    pub column: String,
    /// Positive from this value on. Without it, and without `positive`, the column itself is the label.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// How the positive class is written, where it is not 1 or true. Everything else is negative, but for
    /// other spellings of the same word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// How the negative class is written. Default: as anything else. With it a third value is no label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
}

/// How a yes and a no are written in a column of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The positive class.
    pub positive: String,
    /// The negative class; none: whatever is not the positive one.
    pub negative: Option<String>,
}

impl Spelling {
    /// Whether this text is the positive class; none where it may be either. Space around a word does not
    /// count, and `2.0` is `2`; another case is another word, but it is not taken for a no.
    pub fn read(&self, text: &str) -> Option<bool> {
        let (text, positive) = (plain(text), plain(&self.positive));
        match &self.negative {
            _ if text == positive => Some(true),
            Some(negative) => (text == plain(negative)).then_some(false),
            None => (!text.is_empty() && text.to_lowercase() != positive.to_lowercase()).then_some(false),
        }
    }
}

fn plain(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix(".0").filter(|digits| digits.parse::<i64>().is_ok()).unwrap_or(text)
}

impl Label {
    /// The spellings of the two classes, where they are named.
    pub fn spelling(&self) -> Option<Spelling> {
        let positive = self.positive.clone()?;
        Some(Spelling { positive, negative: self.negative.clone() })
    }

    /// What models learn and are judged by, of a value of the column: 1 or 0 where a rule makes it so, else
    /// the value. What is neither class by the rule is no label: null where it reads as a number or as true
    /// or false, which the gate might take for one of the two; a word stays, so that the gate names it.
    pub fn of(&self, value: Value) -> Value {
        if let Some(least) = self.at_least {
            let number = match &value {
                Value::String(text) => text.trim().parse().ok(),
                other => other.as_f64(),
            };
            let known = number.filter(|number| number.is_finite());
            return known.map_or(Value::Null, |number| json!(u8::from(number >= least)));
        }
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return value,
        };
        let Some(spelling) = self.spelling() else { return value };
        let reads_otherwise = |text: &str| {
            text.parse::<f64>().is_ok()
                || ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word))
        };
        match spelling.read(&text) {
            Some(positive) => json!(u8::from(positive)),
            None if reads_otherwise(text.trim()) => Value::Null,
            None => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_what_its_rule_makes_of_the_column() {
        let plain = Label { column: "y".to_owned(), ..Label::default() };
        let above = Label { at_least: Some(260.0), ..plain.clone() };
        let named = Label { positive: Some("yes".to_owned()), ..plain.clone() };
        let both = Label { negative: Some("no".to_owned()), ..named.clone() };
        let coded = Label { positive: Some("2".to_owned()), negative: Some("1".to_owned()), ..plain.clone() };
        for (label, value, expected) in [
            (&plain, json!("yes"), json!("yes")),
            (&above, json!(260), json!(1)),
            (&above, json!("12.5"), json!(0)),
            (&above, json!("NaN"), Value::Null),
            (&above, json!("owl"), Value::Null),
            (&named, json!("yes"), json!(1)),
            (&named, json!(" yes"), json!(1)),
            (&named, json!("no"), json!(0)),
            (&named, json!("fraud"), json!(0)),
            (&named, json!("Yes"), json!("Yes")),
            (&named, json!(""), json!("")),
            (&named, Value::Null, Value::Null),
            (&both, json!("no"), json!(0)),
            (&both, json!("n/a"), json!("n/a")),
            (&coded, json!(2), json!(1)),
            (&coded, json!("2.0"), json!(1)),
            (&coded, json!(1.0), json!(0)),
            (&coded, json!(0), Value::Null),
            (&both, json!(true), Value::Null),
        ] {
            assert_eq!(label.of(value.clone()), expected, "{label:?} {value}");
        }
    }
}
