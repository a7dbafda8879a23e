//! One line of data capture: a request with what was asked and answered, each as text or base64. Source:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html>.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::row::{Row, rows};
use super::unread::Unread;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) capture_data: Data<'a>,
    #[serde(borrow)]
    pub(super) event_metadata: Meta<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    pub(super) endpoint_input: Option<Payload<'a>>,
    #[serde(borrow)]
    pub(super) endpoint_output: Option<Payload<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    encoding: Cow<'a, str>,
    #[serde(borrow, default)]
    observed_content_type: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow)]
    inference_id: Option<Cow<'a, str>>,
}

impl<'a> Meta<'a> {
    /// What the client called the request, else what the endpoint did.
    pub(super) fn id(self) -> Cow<'a, str> {
        self.inference_id.unwrap_or(self.event_id)
    }
}

/// What a payload holds, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
}

impl<'a> Payload<'a> {
    pub(super) fn text(self) -> Result<(Form, Cow<'a, str>), Unread> {
        match self.encoding.as_ref() {
            json if json.eq_ignore_ascii_case("JSON") => Ok((Form::Json, self.data)),
            csv if csv.eq_ignore_ascii_case("CSV") => Ok((Form::Csv, self.data)),
            base64 if base64.eq_ignore_ascii_case("BASE64") => {
                let bytes = STANDARD.decode(self.data.as_ref()).ok();
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                let csv = self.observed_content_type.to_ascii_lowercase().contains("csv");
                let form = if csv { Form::Csv } else { Form::Json };
                Ok((form, text.ok_or(Unread::NoText)?.into()))
            }
            other => Err(Unread::Encoding(other.to_owned())),
        }
    }
}

/// The rows of a request.
pub(super) enum Rows<'a> {
    /// Lines of CSV in the order of the features. A row with other fields than those is refused as ragged.
    Csv(Vec<&'a str>),
    Json(Vec<Row<'a>>),
}

impl<'a> Rows<'a> {
    pub(super) fn read(form: Form, payload: &'a str, features: &[String]) -> Result<Self, Unread> {
        let rows = match form {
            Form::Json => Self::Json(rows(payload, features).ok_or(Unread::NoRows)?),
            Form::Csv => Self::Csv(payload.lines().filter(|line| !line.trim().is_empty()).collect()),
        };
        match &rows {
            // An open quote would swallow the requests behind it.
            Self::Csv(lines) if lines.iter().any(|line| line.matches('"').count() % 2 == 1) => {
                Err(Unread::OpenQuote)
            }
            rows if rows.len() == 0 => Err(Unread::NoRows),
            _ => Ok(rows),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Csv(lines) => lines.len(),
            Self::Json(rows) => rows.len(),
        }
    }

    /// Writes the features of the row at this place as CSV, without the row's end.
    pub(super) fn write(&self, at: usize, features: &[String], text: &mut String) -> Option<()> {
        match self {
            Self::Csv(lines) => lines.get(at).map(|line| text.push_str(line)),
            Self::Json(rows) => rows.get(at)?.write(text, features),
        }
    }
}
