//! Reading YAML, with errors that begin with their place.

use serde::de::DeserializeOwned;

/// A value from the text. The error tells the place and what is wrong there.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_saphyr::from_str(text).map_err(|error| placed(&error.without_snippet().to_string()))
}

/// The error with its place in front. An erased error gathers a place at each level on its way out: the
/// innermost counts.
fn placed(error: &str) -> String {
    let (mut reason, mut place) = (error, None);
    while let Some((rest, at)) = reason.rsplit_once(" at line ")
        && at
            .split_once(", column ")
            .is_some_and(|(line, column)| line.parse::<usize>().is_ok() && column.parse::<usize>().is_ok())
    {
        (reason, place) = (rest, Some(at));
    }
    place.map_or_else(|| reason.to_owned(), |at| format!("line {at}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::super::Pipeline;

    #[test]
    fn an_error_tells_its_innermost_place_once() {
        let base = "model: bike\n\
                    data: {bucket: b, prefix: p/, label: {column: y}, features: [x]}\n\
                    train: {image: i}\n";
        for (section, wanted) in [
            ("serve: {instance_count: many}", "line 4, column 25: invalid u32"),
            (
                "serve:\n  count: 3",
                "line 5, column 3: unknown field `count`, expected one of kind, serverless, ",
            ),
            (
                "release: {strategy: slow}",
                "line 4, column 21: unknown variant `slow`, expected one of all_at_once, ",
            ),
            ("serve: [", "line 4, column 8: expected mapping start"),
            ("train: 3", "line 4, column 1: duplicate mapping key: train, "),
            ("release:\n  bake: 3 at line 7", "line 5, column 9: \"3 at line 7\" is no length of time: "),
        ] {
            let error = super::read::<Pipeline>(&format!("{base}{section}")).err().unwrap_or_default();
            assert!(error.starts_with(wanted), "{error}");
            assert_eq!(error.matches("column").count(), 1, "{error}");
        }
    }
}
