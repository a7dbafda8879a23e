//! Values on their way into the profile of a column.

use pawl_data::profile::typed::{Numbers, TypedColumn};

use crate::decode::Visit;
use crate::hybrid::ones;
use crate::leaf::{Leaf, ValueKind};
use crate::write::Raw;

/// The profile of one leaf, while values come.
pub(crate) struct Fill {
    column: TypedColumn,
    kind: ValueKind,
    /// Whether values go in as numbers.
    as_numbers: bool,
    scratch: Vec<u8>,
}

impl Fill {
    pub(crate) fn new(leaf: &Leaf, make: impl FnOnce(Numbers) -> TypedColumn) -> Self {
        let numbers = leaf.kind.numbers();
        let column = make(numbers.unwrap_or(Numbers::Whole));
        let column = match leaf.kind {
            ValueKind::Date | ValueKind::Timestamp { .. } | ValueKind::Int96 => column.of_times(),
            _ => column,
        };
        Self {
            as_numbers: numbers.is_some() && !column.wants_texts(),
            column,
            kind: leaf.kind,
            scratch: Vec::new(),
        }
    }

    pub(crate) fn missing(&mut self, rows: u64) {
        if rows > 0 {
            self.column.missing(rows);
        }
    }

    /// Adds the list of a row.
    pub(crate) fn list(&mut self, list: &[u8]) {
        self.column.text(list);
    }

    pub(crate) fn finish(self) -> TypedColumn {
        self.column
    }

    /// Values that come with their counts, of a dictionary.
    pub(crate) fn counted<'a>(&'a mut self, counts: &'a [u64]) -> Counted<'a> {
        Counted { fill: self, counts: counts.iter() }
    }

    /// Adds the text of a value.
    fn add_text<V: Raw>(&mut self, value: V, add: impl FnOnce(&mut TypedColumn, &[u8])) {
        if let Some(text) = value.as_text(self.kind) {
            return add(&mut self.column, text);
        }
        self.scratch.clear();
        value.text(self.kind, &mut self.scratch);
        add(&mut self.column, &self.scratch);
    }
}

impl Visit for Fill {
    fn visit<V: Raw>(&mut self, values: impl Iterator<Item = V>) {
        let kind = self.kind;
        if self.as_numbers {
            return self.column.numbers(values.map(|value| value.number(kind)));
        }
        values.for_each(|value| self.add_text(value, TypedColumn::text));
    }

    fn truths(&mut self, value: bool, count: usize) {
        self.add_text(value, |column, text| column.counted_text(text, count as u64));
    }

    fn bits(&mut self, bytes: &[u8], count: usize) -> Option<()> {
        let set = usize::try_from(ones(bytes, count)?).ok()?;
        self.truths(true, set);
        self.truths(false, count - set);
        Some(())
    }
}

/// See [`Fill::counted`].
pub(crate) struct Counted<'a> {
    fill: &'a mut Fill,
    counts: std::slice::Iter<'a, u64>,
}

impl Visit for Counted<'_> {
    fn visit<V: Raw>(&mut self, values: impl Iterator<Item = V>) {
        let kind = self.fill.kind;
        for (value, &count) in values.zip(&mut self.counts).filter(|(_, count)| **count > 0) {
            if self.fill.as_numbers {
                self.fill.column.number(value.number(kind), count);
            } else {
                self.fill.add_text(value, |column, text| column.counted_text(text, count));
            }
        }
    }

    // Truths have no dictionary.
    fn truths(&mut self, _value: bool, _count: usize) {}
}
