//! Whether labels and predictions name the same classes in the same order. Where they do not, every measure
//! is computed without a fault and means nothing.

use crate::findings::{Check, Code, Reason};

/// Fewer rows than this may be wrong by chance.
const LEAST_ROWS: u64 = 30;

/// So many names are shown.
const SHOWN: usize = 5;

/// What speaks for other names or another order in a model's confusion matrix, by label and then by
/// prediction; none where the model may just be bad.
pub(super) fn check(model: &str, names: &[String], confusion: &[Vec<u64>]) -> Option<Reason> {
    let labels: Vec<u64> = confusion.iter().map(|row| row.iter().sum()).collect();
    let rows: u64 = labels.iter().sum();
    let at = |label: usize, predicted: usize| {
        confusion.get(label).and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    };
    let classes = 0..names.len();
    let predicted: Vec<u64> =
        classes.clone().map(|class| classes.clone().map(|label| at(label, class)).sum()).collect();
    let right: u64 = classes.clone().map(|class| at(class, class)).sum();
    let is_label = |class: &usize| labels.get(*class).is_some_and(|rows| *rows > 0);
    let is_predicted = |class: &usize| predicted.get(*class).is_some_and(|rows| *rows > 0);
    let text = if rows > 0 && !classes.clone().any(|class| is_label(&class) && is_predicted(&class)) {
        format!(
            "{model} predicts {}, and the labels are {}: no class is among both. Let both use the \
             same names; where scores are lists, list the classes in the order of the scores \
             (gate.classes, --classes)",
            shown(names, classes.clone().filter(is_predicted)),
            shown(names, classes.filter(is_label)),
        )
    } else {
        let renamed = best_renaming(names.len(), at);
        // Twice as many right under other names, and most rows at that, is no accident.
        if rows < LEAST_ROWS || renamed * 2 < rows || right * 2 > renamed {
            return None;
        }
        format!(
            "{model} is right in {right} of {rows} rows, and would be in {renamed} if its classes stood in \
             another order: list them in the order of the scores (gate.classes, --classes)"
        )
    };
    Some(Reason::new(Check::Input, Code::UnusableInput, text))
}

/// How many rows are right where each prediction is renamed to one label, no two to the same: the greatest
/// cell first.
fn best_renaming(classes: usize, at: impl Fn(usize, usize) -> u64) -> u64 {
    let mut cells: Vec<(u64, usize, usize)> = (0..classes)
        .flat_map(|label| (0..classes).map(move |predicted| (label, predicted)))
        .map(|(label, predicted)| (at(label, predicted), label, predicted))
        .filter(|(rows, ..)| *rows > 0)
        .collect();
    cells.sort_by_key(|(rows, ..)| std::cmp::Reverse(*rows));
    let (mut labels, mut predictions) = (vec![false; classes], vec![false; classes]);
    let mut right = 0;
    for (rows, label, predicted) in cells {
        let (Some(one), Some(other)) = (labels.get_mut(label), predictions.get_mut(predicted)) else {
            continue;
        };
        if !*one && !*other {
            (*one, *other) = (true, true);
            right += rows;
        }
    }
    right
}

fn shown(names: &[String], classes: impl Iterator<Item = usize>) -> String {
    let all: Vec<&str> = classes.filter_map(|class| names.get(class)).map(String::as_str).collect();
    let first = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN { format!("{first} and {} more", all.len() - SHOWN) } else { first }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(names: &[&str], confusion: &[&[u64]]) -> Option<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let confusion: Vec<Vec<u64>> = confusion.iter().map(|row| row.to_vec()).collect();
        check("the champion", &names, &confusion).map(|reason| reason.text)
    }

    #[test]
    fn names_that_never_meet_are_no_bad_model() {
        let names = ["cedar", "ash", "0", "1"];
        let text = told(&names, &[&[0, 0, 9, 1], &[0, 0, 2, 8]]).unwrap();
        assert!(
            text.starts_with("the champion predicts 0, 1, and the labels are cedar, ash: no class"),
            "{text}"
        );
        assert_eq!(told(&names, &[]), None);
    }

    #[test]
    fn an_order_that_does_not_match_is_told_and_a_bad_model_is_not() {
        let names = ["ash", "birch", "cedar"];
        let text = told(&names, &[&[10, 200, 0], &[0, 5, 190], &[180, 0, 15]]).unwrap();
        assert!(
            text.starts_with("the champion is right in 30 of 600 rows, and would be in 570 if"),
            "{text}"
        );
        for confusion in [
            // Good, guessing, of one class only, wrong about one pair, and too few rows.
            [&[190_u64, 5, 5][..], &[0, 200, 0], &[9, 1, 190]],
            [&[70, 65, 65], &[60, 75, 65], &[66, 70, 64]],
            [&[0, 200, 0], &[0, 200, 0], &[0, 200, 0]],
            [&[20, 180, 0], &[180, 20, 0], &[0, 0, 600]],
            [&[0, 5, 0], &[0, 0, 5], &[5, 0, 0]],
        ] {
            assert_eq!(told(&names, &confusion), None, "{confusion:?}");
        }
    }
}
