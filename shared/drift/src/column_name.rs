//! What the name of a column says.

/// The words of a name, in lower case: runs of the characters that `belongs` takes, cut also where a capital
/// follows a small letter, as in `customerId`.
pub(super) fn words(name: &str, belongs: fn(char) -> bool) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        if !belongs(letter) || after_small && letter.is_uppercase() {
            words.push(String::new());
        }
        after_small = letter.is_lowercase();
        if let (true, Some(word)) = (belongs(letter), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_signs_and_capitals() {
        assert_eq!(words("customerId_2", char::is_alphanumeric), ["customer", "id", "2"]);
        assert_eq!(words("user2-KEY", char::is_alphanumeric), ["user2", "key"]);
        assert_eq!(words("user2-KEY", char::is_alphabetic), ["user", "key"]);
        assert!(words("__", char::is_alphanumeric).is_empty());
    }
}
