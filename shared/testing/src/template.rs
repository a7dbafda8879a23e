//! What `template.yaml` says of a function.

use std::time::Duration;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The time limit of a function, by its name in the template; that of all functions where it has none of its
/// own. Zero where the template names none.
pub fn time_limit(function: &str) -> Duration {
    let own = section(&format!("  {function}:\n"));
    let seconds = own.and_then(timeout).or_else(|| section("  Function:\n").and_then(timeout));
    Duration::from_secs(seconds.unwrap_or_default())
}

/// The lines of a section that is indented by two blanks.
fn section(head: &str) -> Option<&'static str> {
    let start = TEMPLATE.find(&format!("\n{head}"))? + 1 + head.len();
    let rest = TEMPLATE.get(start..)?;
    let deeper = |line: &&str| line.is_empty() || line.starts_with("   ");
    let length: usize =
        rest.split_inclusive('\n').take_while(|line| deeper(&line.trim_end())).map(str::len).sum();
    rest.get(..length)
}

fn timeout(section: &str) -> Option<u64> {
    section.lines().find_map(|line| line.trim().strip_prefix("Timeout: ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_limits_are_those_of_the_template() {
        let limits = ["NewDataTrigger", "DataValidator", "RollbackHandler"].map(time_limit);
        assert_eq!(limits, [60, 900, 45].map(Duration::from_secs));
    }
}
