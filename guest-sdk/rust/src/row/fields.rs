//! [`Fields`]: the fields of a record by their names, for projections.
//!
//! `#[derive(Record)]` implements it for structs. Names are resolved once, when a job is planned or opened; a record
//! under way is read by index.

use std::any::{Any, TypeId};

use super::Row;

/// A record whose fields can be reached by number and built from those of another. Derived with `#[derive(Record)]`.
pub trait Fields: Row {
    /// The names of the fields, in order.
    const NAMES: &'static [&'static str];

    /// The types of the fields, in order.
    fn types() -> Vec<TypeId>;

    /// A field by its number. A number that is too large gives the last field.
    fn field(&self, index: usize) -> &dyn Any;

    /// Builds a record of the fields that `field` gives by their numbers; `None` if one has another type.
    fn from_fields<'a>(field: impl Fn(usize) -> &'a dyn Any) -> Option<Self>;
}

/// The number in `T` of each field of `U`.
///
/// # Errors
/// `T` has no field of that name, or one of another type.
pub(crate) fn resolve<T: Fields, U: Fields>() -> Result<Vec<usize>, String> {
    let (given, wanted) = (T::types(), U::types());
    let find = |(name, wanted): (&&str, &TypeId)| {
        let index = T::NAMES.iter().position(|other| other == name);
        let index = index.ok_or_else(|| {
            format!(
                "{} has no field {name}, it has {}",
                T::name(),
                T::NAMES.join(", ")
            )
        })?;
        if given[index] == *wanted {
            return Ok(index);
        }
        Err(format!(
            "field {name} of {} has another type than that of {}",
            T::name(),
            U::name()
        ))
    };
    U::NAMES.iter().zip(&wanted).map(find).collect()
}
