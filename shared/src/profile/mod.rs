//! What a column of data looks like, in memory that does not grow with the rows.

pub mod bins;
