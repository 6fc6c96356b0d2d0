//! How values of an old type become values of a new one, by Avro's schema resolution: added fields take their default,
//! removed ones are left out, renamed ones are found by alias, numbers are promoted.
//!
//! One law for both uses: whoever asks whether a savepoint fits and whoever migrates it go by the same plan, so a state
//! that was found to fit cannot fail later. Stricter than Avro in one point: what Avro leaves to each value (a union or
//! enumeration that lacks a branch or symbol) is refused.

use apache_avro::types::Value;
use serde_json::Value as Json;

use super::avro_type::{EnumType, FieldType, RecordType, Type};

/// What to do with each value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolution {
    /// It stays as it is.
    Keep,
    /// An integer becomes a longer one.
    ToLong,
    /// A number becomes a float.
    ToFloat,
    /// A number becomes a double.
    ToDouble,
    /// Text becomes its bytes.
    ToBytes,
    /// By symbol: its new index and text.
    Symbols(Vec<(u32, String)>),
    /// Each element.
    Elements(Box<Self>),
    /// Each value of a map.
    Values(Box<Self>),
    /// The new fields in order.
    Fields(Vec<FieldSource>),
    /// By branch: the new branch, if the new type is a union, and what to do.
    Branches(Vec<(Option<u32>, Self)>),
    /// Becomes this branch of a union.
    IntoBranch(u32, Box<Self>),
}

/// Where the value of a new field comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FieldSource {
    /// The old field at this index.
    Old(String, usize, Resolution),
    /// Its default.
    Default(String, Value),
}

/// Plans how values of `old` become values of `new`.
///
/// # Errors
/// They cannot; the place and the reason, for the user.
pub(crate) fn resolve(old: &Type, new: &Type) -> Result<Resolution, String> {
    if old.is_same(new) {
        return Ok(Resolution::Keep);
    }
    Ok(match (old, new) {
        (Type::Union(branches), _) => {
            let plan = |branch: &Type| match resolve(branch, new)? {
                Resolution::IntoBranch(index, inner) => Ok((Some(index), *inner)),
                plan => Ok((None, plan)),
            };
            Resolution::Branches(branches.iter().map(plan).collect::<Result<_, String>>()?)
        }
        (_, Type::Union(branches)) => into_union(old, branches)?,
        (Type::Int, Type::Long) => Resolution::ToLong,
        (Type::Int | Type::Long, Type::Float) => Resolution::ToFloat,
        (Type::Int | Type::Long | Type::Float, Type::Double) => Resolution::ToDouble,
        (Type::String, Type::Bytes) => Resolution::ToBytes,
        (Type::Array(old), Type::Array(new)) => {
            Resolution::Elements(Box::new(resolve(old, new).map_err(|e| within("[]", &e))?))
        }
        (Type::Map(old), Type::Map(new)) => {
            Resolution::Values(Box::new(resolve(old, new).map_err(|e| within("{}", &e))?))
        }
        (Type::Enum(old), Type::Enum(new)) => symbols(old, new)?,
        (Type::Record(old), Type::Record(new)) => fields(old, new)?,
        _ => return Err(format!("{} cannot become {}", old.name(), new.name())),
    })
}

fn within(place: &str, reason: &str) -> String {
    match reason.split_once(": ") {
        Some((inner, rest)) if inner.starts_with("field ") => {
            let inner = inner.trim_start_matches("field ");
            format!("field {place}.{inner}: {rest}")
        }
        _ => format!("field {place}: {reason}"),
    }
}

/// The branch of the same name if it fits, else the first one that does; one that keeps the value goes before others.
fn into_union(old: &Type, branches: &[Type]) -> Result<Resolution, String> {
    let fitting: Vec<(u32, bool, Resolution)> = (0..)
        .zip(branches)
        .filter_map(|(index, new)| Some((index, new.name() == old.name(), resolve(old, new).ok()?)))
        .collect();
    let keeps = |it: &&(u32, bool, Resolution)| it.2 == Resolution::Keep;
    let named = |it: &&(u32, bool, Resolution)| it.1;
    let chosen = fitting.iter().find(|it| named(it) && keeps(it));
    let chosen = chosen.or_else(|| fitting.iter().find(named));
    let chosen = chosen.or_else(|| fitting.iter().find(keeps));
    match chosen.or_else(|| fitting.first()) {
        Some((index, _, plan)) => Ok(Resolution::IntoBranch(*index, Box::new(plan.clone()))),
        None => Err(format!("{} fits no branch of the new union", old.name())),
    }
}

fn symbols(old: &EnumType, new: &EnumType) -> Result<Resolution, String> {
    let place = |symbol: &String| new.symbols.iter().position(|other| other == symbol);
    let of = |symbol: &String| {
        let default = || new.default.as_ref().and_then(place);
        let index = place(symbol).or_else(default);
        let index =
            index.ok_or_else(|| format!("symbol {symbol} is gone, and there is no default"));
        index.map(|index| (index as u32, new.symbols[index].clone()))
    };
    let plan: Result<_, String> = old.symbols.iter().map(of).collect();
    Ok(Resolution::Symbols(plan?))
}

fn fields(old: &RecordType, new: &RecordType) -> Result<Resolution, String> {
    let mut sources = Vec::with_capacity(new.fields.len());
    for field in &new.fields {
        let at = |name: &String| old.fields.iter().position(|other| other.name == *name);
        let index = at(&field.name).or_else(|| field.aliases.iter().find_map(at));
        sources.push(match index {
            Some(index) => {
                let plan = resolve(&old.fields[index].value, &field.value);
                let plan = plan.map_err(|reason| within(&field.name, &reason))?;
                FieldSource::Old(field.name.clone(), index, plan)
            }
            None => FieldSource::Default(field.name.clone(), default_of(field)?),
        });
    }
    Ok(Resolution::Fields(sources))
}

fn default_of(field: &FieldType) -> Result<Value, String> {
    let place = |reason: &str| within(&field.name, reason);
    let json = field
        .default
        .as_ref()
        .ok_or_else(|| place("is new and has no default"))?;
    value_of(&field.value, json).ok_or_else(|| place(&format!("its default {json} does not fit")))
}

/// A default as the specification writes it: bytes as text of code points, a union as its first branch.
fn value_of(ty: &Type, json: &Json) -> Option<Value> {
    Some(match ty {
        Type::Null => json.is_null().then_some(Value::Null)?,
        Type::Boolean => Value::Boolean(json.as_bool()?),
        Type::Int => Value::Int(i32::try_from(json.as_i64()?).ok()?),
        Type::Long => Value::Long(json.as_i64()?),
        Type::Float => Value::Float(json.as_f64()? as f32),
        Type::Double => Value::Double(json.as_f64()?),
        Type::String => Value::String(json.as_str()?.to_owned()),
        Type::Bytes => Value::Bytes(code_points(json)?),
        Type::Fixed(size) => {
            let bytes = code_points(json)?;
            (bytes.len() == *size).then_some(Value::Fixed(*size, bytes))?
        }
        Type::Enum(it) => {
            let symbol = json.as_str()?;
            let index = it.symbols.iter().position(|other| other == symbol)?;
            Value::Enum(index as u32, symbol.to_owned())
        }
        Type::Array(items) => {
            let elements = json.as_array()?.iter();
            Value::Array(
                elements
                    .map(|it| value_of(items, it))
                    .collect::<Option<_>>()?,
            )
        }
        Type::Map(values) => {
            let entries = json.as_object()?.iter();
            let entry = |(key, it): (&String, &Json)| Some((key.clone(), value_of(values, it)?));
            Value::Map(entries.map(entry).collect::<Option<_>>()?)
        }
        Type::Union(branches) => {
            let fits = |(index, branch): (u32, &Type)| {
                Some(Value::Union(index, Box::new(value_of(branch, json)?)))
            };
            (0..).zip(branches.iter()).find_map(fits)?
        }
        Type::Record(record) => {
            let object = json.as_object()?;
            let field = |field: &FieldType| {
                let json = object.get(&field.name).or(field.default.as_ref())?;
                Some((field.name.clone(), value_of(&field.value, json)?))
            };
            Value::Record(record.fields.iter().map(field).collect::<Option<_>>()?)
        }
    })
}

fn code_points(json: &Json) -> Option<Vec<u8>> {
    let points = json.as_str()?.chars();
    points
        .map(|point| u8::try_from(u32::from(point)).ok())
        .collect()
}

impl Resolution {
    /// The new value; `None` if the value is none of the old type.
    pub(crate) fn apply(&self, value: Value) -> Option<Value> {
        Some(match (self, value) {
            (Self::Keep, value) => value,
            (Self::ToLong, Value::Int(it)) => Value::Long(i64::from(it)),
            (Self::ToFloat, Value::Int(it)) => Value::Float(it as f32),
            (Self::ToFloat, Value::Long(it)) => Value::Float(it as f32),
            (Self::ToDouble, Value::Int(it)) => Value::Double(f64::from(it)),
            (Self::ToDouble, Value::Long(it)) => Value::Double(it as f64),
            (Self::ToDouble, Value::Float(it)) => Value::Double(f64::from(it)),
            (Self::ToBytes, Value::String(it)) => Value::Bytes(it.into_bytes()),
            (Self::Symbols(symbols), Value::Enum(index, _)) => {
                let (index, symbol) = symbols.get(index as usize)?;
                Value::Enum(*index, symbol.clone())
            }
            (Self::Elements(plan), Value::Array(list)) => {
                let list = list.into_iter().map(|it| plan.apply(it));
                Value::Array(list.collect::<Option<_>>()?)
            }
            (Self::Values(plan), Value::Map(map)) => {
                let map = map
                    .into_iter()
                    .map(|(key, it)| Some((key, plan.apply(it)?)));
                Value::Map(map.collect::<Option<_>>()?)
            }
            (Self::Fields(sources), Value::Record(fields)) => {
                let mut old: Vec<Option<Value>> =
                    fields.into_iter().map(|(_, value)| Some(value)).collect();
                let new = sources.iter().map(|source| match source {
                    FieldSource::Old(name, index, plan) => {
                        // Two new fields may name the same old one.
                        let value = old.get_mut(*index)?.clone()?;
                        Some((name.clone(), plan.apply(value)?))
                    }
                    FieldSource::Default(name, value) => Some((name.clone(), value.clone())),
                });
                Value::Record(new.collect::<Option<_>>()?)
            }
            (Self::Branches(branches), Value::Union(index, inner)) => {
                let (branch, plan) = branches.get(index as usize)?;
                let inner = plan.apply(*inner)?;
                match branch {
                    Some(branch) => Value::Union(*branch, Box::new(inner)),
                    None => inner,
                }
            }
            (Self::IntoBranch(index, plan), value) => {
                Value::Union(*index, Box::new(plan.apply(value)?))
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
