//! Names and texts as SageMaker takes them.

/// A text as a regular expression that only it matches.
pub(super) fn escaped(text: &str) -> String {
    let special = |c: char| c.is_ascii_punctuation() && c != '_';
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A text as the registry takes it for a description: no line breaks or other control characters, at most
/// 1,000 characters.
pub fn on_one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(1_000).collect()
}

/// A text as the registry takes it for the value of a property: letters, digits and `_.:/=+-@`, others
/// blank, at most 256.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html>
pub fn property(text: &str) -> String {
    let taken = |c: char| if c.is_alphanumeric() || "_.:/=+-@".contains(c) { c } else { ' ' };
    text.chars().map(taken).take(256).collect()
}

/// The end of a name, where it is unique, in at most so many bytes; SageMaker's names begin with a letter
/// or digit.
pub(super) fn tail(name: &str, most: usize) -> &str {
    name.get(name.len().saturating_sub(most)..).unwrap_or(name).trim_start_matches('-')
}
