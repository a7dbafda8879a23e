//! Data read in one bounded pass. Three floors, and arrows go down only: [`dataset`] reads records and holds
//! them to [`constraints`], which are suggested from a [`profile`].

pub mod constraints;
pub mod dataset;
pub mod profile;
