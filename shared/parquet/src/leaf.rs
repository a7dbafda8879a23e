//! The leaf columns of a schema, and what their values mean.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type as SchemaType};
use pawl_data::profile::typed::Numbers;

use crate::levels::Highest;

/// A leaf column.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Its path, joined by dots.
    pub(crate) name: String,
    pub(crate) kind: ValueKind,
    pub(crate) physical: Type,
    /// The bytes of a value of fixed length.
    pub(crate) width: usize,
    pub(crate) highest: Highest,
    /// For each list around a value, outermost first, the definition level from which on it has an item.
    pub(crate) lists: Vec<u32>,
    /// The same leaf without levels, for the parquet crate's decoders.
    pub(crate) flat: Option<ColumnDescPtr>,
}

/// What the values of a leaf mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Boolean,
    Signed,
    Unsigned,
    Float,
    Half,
    /// Whole numbers of a unit of 10^-scale.
    Decimal(u32),
    /// Days since 1970.
    Date,
    /// Ticks since midnight; how many a second has.
    Time(i64),
    /// Ticks since 1970; how many a second has.
    Timestamp {
        ticks: i64,
        utc: bool,
    },
    /// Nanoseconds of a day and a Julian day.
    Int96,
    Text,
    Binary,
    Uuid,
    Interval,
}

impl ValueKind {
    /// Whether values are numbers, and which; none where they are texts.
    pub(crate) fn numbers(self) -> Option<Numbers> {
        match self {
            Self::Signed | Self::Unsigned | Self::Decimal(0) => Some(Numbers::Whole),
            Self::Float | Self::Half | Self::Decimal(_) => Some(Numbers::Fractional),
            _ => None,
        }
    }
}

impl Leaf {
    pub(crate) fn new(column: &ColumnDescriptor, lists: Vec<u32>) -> Self {
        let physical = column.physical_type();
        let width = match physical {
            Type::BOOLEAN | Type::BYTE_ARRAY => 0,
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(column.type_length()).unwrap_or(0),
        };
        let flat = SchemaType::primitive_type_builder("value", physical)
            .with_repetition(Repetition::REQUIRED)
            .with_length(column.type_length())
            .build()
            .ok()
            .map(|flat| Arc::new(ColumnDescriptor::new(Arc::new(flat), 0, 0, ColumnPath::new(Vec::new()))));
        Self {
            name: column.path().string(),
            kind: kind(column, width),
            physical,
            width,
            highest: Highest {
                definition: column.max_def_level().unsigned_abs().into(),
                repetition: column.max_rep_level().unsigned_abs().into(),
            },
            lists,
            flat,
        }
    }

    /// Whether a row may hold any number of entries.
    pub(crate) fn repeated(&self) -> bool {
        self.highest.repetition > 0
    }
}

/// What is annotated, where it fits how values are stored; else what their storage says.
fn kind(column: &ColumnDescriptor, width: usize) -> ValueKind {
    let storage = Storage::of(column, width);
    storage.logical(column).or_else(|| storage.converted(column)).unwrap_or(match storage.physical {
        Type::BOOLEAN => ValueKind::Boolean,
        Type::INT32 | Type::INT64 => ValueKind::Signed,
        Type::INT96 => ValueKind::Int96,
        Type::FLOAT | Type::DOUBLE => ValueKind::Float,
        // Old writers left texts without a name.
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => ValueKind::Text,
    })
}

/// How values are stored: an annotation that does not fit is passed over.
struct Storage {
    physical: Type,
    width: usize,
    bytes: bool,
    whole: bool,
    /// Of decimals. None has more digits than 200: its text would have them all.
    scale: u32,
}

impl Storage {
    fn of(column: &ColumnDescriptor, width: usize) -> Self {
        let physical = column.physical_type();
        Self {
            physical,
            width,
            bytes: matches!(physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY),
            whole: matches!(physical, Type::INT32 | Type::INT64),
            scale: u32::try_from(column.type_scale()).unwrap_or(0).min(200),
        }
    }

    /// What the annotation of today says.
    fn logical(&self, column: &ColumnDescriptor) -> Option<ValueKind> {
        let &Self { physical, width, bytes, whole, scale } = self;
        let ticks = |unit: TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        Some(match column.logical_type_ref()? {
            LogicalType::Decimal { .. } if bytes || whole => ValueKind::Decimal(scale),
            LogicalType::Integer(int) if whole => {
                if int.is_signed {
                    ValueKind::Signed
                } else {
                    ValueKind::Unsigned
                }
            }
            LogicalType::Date if physical == Type::INT32 => ValueKind::Date,
            LogicalType::Time(time) if whole => ValueKind::Time(ticks(time.unit)),
            LogicalType::Timestamp(time) if physical == Type::INT64 => {
                ValueKind::Timestamp { ticks: ticks(time.unit), utc: time.is_adjusted_to_u_t_c }
            }
            LogicalType::String | LogicalType::Enum | LogicalType::Json if bytes => ValueKind::Text,
            LogicalType::Uuid if bytes && width == 16 => ValueKind::Uuid,
            LogicalType::Float16 if bytes && width == 2 => ValueKind::Half,
            LogicalType::Bson
            | LogicalType::Variant(_)
            | LogicalType::Geometry(_)
            | LogicalType::Geography(_)
                if bytes =>
            {
                ValueKind::Binary
            }
            _ => return None,
        })
    }

    /// What the annotation of older writers says.
    fn converted(&self, column: &ColumnDescriptor) -> Option<ValueKind> {
        let &Self { physical, width, bytes, whole, scale } = self;
        Some(match column.converted_type() {
            ConvertedType::DECIMAL if bytes || whole => ValueKind::Decimal(scale),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64
                if whole =>
            {
                ValueKind::Unsigned
            }
            ConvertedType::DATE if physical == Type::INT32 => ValueKind::Date,
            ConvertedType::TIME_MILLIS if whole => ValueKind::Time(1_000),
            ConvertedType::TIME_MICROS if whole => ValueKind::Time(1_000_000),
            ConvertedType::TIMESTAMP_MILLIS if physical == Type::INT64 => {
                ValueKind::Timestamp { ticks: 1_000, utc: true }
            }
            ConvertedType::TIMESTAMP_MICROS if physical == Type::INT64 => {
                ValueKind::Timestamp { ticks: 1_000_000, utc: true }
            }
            ConvertedType::BSON if bytes => ValueKind::Binary,
            ConvertedType::INTERVAL if bytes && width == 12 => ValueKind::Interval,
            _ => return None,
        })
    }
}
