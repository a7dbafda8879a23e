//! What is wrong with a `pipeline.yaml`, in one line: field, place, reason, and what the field is for.

use pawl::pipeline::{Pipeline, PipelineError};
use serde_json::Value;

use super::locate::{Field, Place, fields};

/// A complaint about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// Where, if it can be told.
    pub(super) place: Option<Place>,
    /// What, with the field and the fix.
    pub(super) text: String,
}

/// Puts what `Pipeline::parse` refused into words.
pub(super) fn explain(yaml: &[u8], error: &PipelineError) -> Complaint {
    let Ok(text) = std::str::from_utf8(yaml) else {
        return Complaint { place: None, text: error.to_string() };
    };
    if let PipelineError::BadField { field, found, fix } = error {
        let known = fields(text);
        let place = known.iter().find(|known| known.path == *field).map(|known| known.place);
        return Complaint { place, text: format!("{field} is {found}: {fix}") };
    }
    // Asked again, the parser also tells the place as numbers.
    let Err(refusal) = serde_saphyr::from_str::<Pipeline>(text) else {
        return Complaint { place: None, text: error.to_string() };
    };
    let place = refusal.location().map(|location| (location.line(), location.column()));
    let reason = refusal.without_snippet().to_string();
    let reason = match reason.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => reason,
    };
    let known = fields(text);
    let named = |prefix| reason.strip_prefix(prefix).and_then(|rest: &str| rest.split('`').next());
    let (path, reason) = match (place, named("missing field `"), named("unknown field `")) {
        (Some(place), Some(name), _) => (beside(&known, place, name), "missing".to_owned()),
        (Some(place), None, name) => (at(&known, place, name).unwrap_or_default(), reason),
        (None, ..) => (String::new(), reason),
    };
    let mut text = if path.is_empty() { reason } else { format!("{path}: {reason}") };
    if let Some(purpose) = describe(&path) {
        text = format!("{text}. It means: {purpose}");
    }
    Complaint { place, text }
}

/// The field whose value begins there, or behind there on the same line: a place may be the name's. A mapping
/// begins where its first name does, so a name that is known decides between the two.
fn at(fields: &[Field], (line, column): Place, name: Option<&str>) -> Option<String> {
    let mut behind = fields.iter().filter(|field| field.place >= (line, column));
    let found = match name {
        Some(name) => behind.find(|field| field.path.rsplit('.').next() == Some(name)),
        None => behind.find(|field| field.place.0 == line),
    };
    found.map(|field| field.path.clone())
}

/// The path of a field that is missing from the mapping that begins there, or of which one name stands there.
fn beside(fields: &[Field], place: Place, name: &str) -> String {
    let begins = fields.iter().rfind(|field| field.place == place).map(|field| field.path.as_str());
    let sibling = || fields.iter().find(|field| field.place > place)?.path.rsplit_once('.');
    match begins.or_else(|| sibling().map(|(mapping, _)| mapping)) {
        None | Some("") => name.to_owned(),
        Some(mapping) => format!("{mapping}.{name}"),
    }
}

/// What the JSON Schema says of a field.
fn describe(path: &str) -> Option<String> {
    let schema = crate::schema::pipeline();
    let root = schema.as_value();
    let mut here = root;
    for name in path.split('.') {
        let section = resolve(root, here);
        here = section.get("properties")?.get(name)?;
    }
    let text = here.get("description").and_then(Value::as_str)?;
    Some(text.to_owned())
}

/// Follows a reference, also of a field that may be absent.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let options = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let mut candidates = std::iter::once(schema).chain(options);
    let target = candidates.find_map(|candidate| candidate.get("$ref")).and_then(Value::as_str);
    target.and_then(|target| root.pointer(target.trim_start_matches('#'))).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const GOOD: &str = "model: m\ndata:\n  bucket: b\n  prefix: p/\n  label: {column: y}\n  features: [x]\ntrain:\n  image: i\n";

    fn complain(yaml: &str) -> String {
        let error = Pipeline::parse(yaml.as_bytes()).unwrap_err();
        let complaint = explain(yaml.as_bytes(), &error);
        format!("{:?} {}", complaint.place, complaint.text)
    }

    #[test]
    fn a_refused_value_names_its_field_and_line() {
        assert!(Pipeline::parse(GOOD.as_bytes()).is_ok());
        assert_eq!(
            complain(&GOOD.replace("p/", "p")),
            "Some((4, 11)) data.prefix is \"p\": end it with / so that it names a folder, such as bike/hourly/"
        );
        let text = complain(&format!("{GOOD}serve:\n  instance_count: many\n"));
        assert!(
            text.starts_with(
                "Some((10, 19)) serve.instance_count: invalid u32. It means: How many instances."
            ),
            "{text}"
        );
        let text = complain(&format!("{GOOD}settle: {{quiet: 5 minutes}}\n"));
        assert!(text.starts_with("Some((9, 17)) settle.quiet: \"5 minutes\" is no length of time"), "{text}");
    }

    #[test]
    fn unknown_and_missing_fields_are_told() {
        let text = complain(&GOOD.replace("  bucket: b", "  buckets: b"));
        assert!(
            text.starts_with("Some((3, 3)) data.buckets: unknown field `buckets`, expected one of bucket,"),
            "{text}"
        );
        let text = complain(&GOOD.replace("  prefix: p/\n", ""));
        assert!(text.contains(" data.prefix: missing. It means: The prefix"), "{text}");
        let text = complain("model: m\ndata: {}\ntrain: {image: i}\n");
        assert!(text.contains(" data.bucket: missing"), "{text}");
        let text = complain(&GOOD.replace("model: m\n", ""));
        assert!(text.contains(" model: missing. It means: Names the pipeline"), "{text}");
    }

    #[test]
    fn what_is_no_yaml_has_a_place() {
        let text = complain("model: m\ndata: [\n");
        assert!(text.starts_with("Some((2, "), "{text}");
        assert!(complain("").contains("end of input"));
        assert!(complain("\u{0}").len() > 5);
        let error = Pipeline::parse(b"\xff").unwrap_err();
        assert!(explain(b"\xff", &error).text.contains("UTF-8"));
    }
}
