//! JSON values to row bytes, by schema.
//!
//! Accepts what people write (a plain value where it fits one branch of a union) and what Avro's JSON encoding writes
//! (the branch's name around it, bytes as text of code points up to 255).

use serde_json::Value;

use crate::error::EncodingError;
use crate::schema::{RecordSchema, Schema};

/// Appends the bytes of `json` as a value of `schema`.
///
/// # Errors
/// The value does not fit; the place is named. What was appended until then is to be discarded.
pub fn encode(schema: &Schema, json: &Value, out: &mut Vec<u8>) -> Result<(), EncodingError> {
    if let Some(word) = fixed(schema, json)? {
        out.extend_from_slice(&word.to_le_bytes());
        return Ok(());
    }
    match schema {
        Schema::Null => match json {
            Value::Null => Ok(()),
            other => Err(mismatch("null", other)),
        },
        Schema::String => {
            out.extend_from_slice(text(json, "a string")?.as_bytes());
            Ok(())
        }
        Schema::Bytes => code_points(json, out).map(drop),
        Schema::Fixed(size) => {
            let length = code_points(json, out)?;
            if length == *size {
                Ok(())
            } else {
                Err(EncodingError::value(format!(
                    "{length} bytes, {size} are needed"
                )))
            }
        }
        Schema::Array(items) => match json {
            Value::Array(list) => elements(list, out, |element, base, at, out| {
                slot(items, element, base, at, out)
            }),
            other => Err(mismatch("an array", other)),
        },
        Schema::Map(entry) => map(entry, json, out),
        Schema::Nullable(inner) => {
            let is_null = matches!(json, Value::Null);
            let json = untag(inner, json);
            tagged(
                u64::from(is_null),
                (!is_null).then_some(&**inner),
                json,
                out,
            )
        }
        Schema::Union(branches) => union(branches, json, out),
        Schema::Record(record) => match json {
            Value::Object(object) => {
                for key in object.keys() {
                    if !record.fields.iter().any(|field| field.name == *key) {
                        return Err(EncodingError::value(format!(
                            "record {} has no such field",
                            record.name
                        ))
                        .within(key));
                    }
                }
                fields(record, |name| object.get(name), out)
            }
            other => Err(mismatch("an object", other)),
        },
        Schema::Boolean
        | Schema::Int
        | Schema::Long
        | Schema::Float
        | Schema::Double
        | Schema::Enum(_) => Err(EncodingError::value("is not of a fixed width")),
    }
}

/// The slot of a value of fixed width; `None` for other schemas.
fn fixed(schema: &Schema, json: &Value) -> Result<Option<u64>, EncodingError> {
    let word = match schema {
        Schema::Boolean => match json {
            Value::Bool(value) => u64::from(*value),
            other => return Err(mismatch("true or false", other)),
        },
        Schema::Long => match json.as_i64() {
            Some(value) => value as u64,
            None => return Err(mismatch("a 64-bit integer", json)),
        },
        Schema::Int => match json.as_i64().and_then(|value| i32::try_from(value).ok()) {
            Some(value) => i64::from(value) as u64,
            None => return Err(mismatch("a 32-bit integer", json)),
        },
        Schema::Double => number(json)?.to_bits(),
        Schema::Float => u64::from((number(json)? as f32).to_bits()),
        Schema::Enum(symbols) => {
            let symbol = text(json, "a symbol")?;
            match symbols.iter().position(|other| other == symbol) {
                Some(index) => index as u64,
                None => {
                    return Err(EncodingError::value(format!(
                        "`{symbol}` is none of {}",
                        symbols.join(", ")
                    )));
                }
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(word))
}

fn number(json: &Value) -> Result<f64, EncodingError> {
    match json {
        Value::String(text) if text == "NaN" => Ok(f64::NAN),
        Value::String(text) if text == "Infinity" => Ok(f64::INFINITY),
        Value::String(text) if text == "-Infinity" => Ok(f64::NEG_INFINITY),
        other => other.as_f64().ok_or_else(|| mismatch("a number", other)),
    }
}

fn text<'a>(json: &'a Value, wanted: &str) -> Result<&'a str, EncodingError> {
    json.as_str().ok_or_else(|| mismatch(wanted, json))
}

fn mismatch(wanted: &str, json: &Value) -> EncodingError {
    let found = match json {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    EncodingError::value(format!("{wanted} is needed, found {found}"))
}

fn code_points(json: &Value, out: &mut Vec<u8>) -> Result<usize, EncodingError> {
    let before = out.len();
    for point in text(json, "bytes as text")?.chars() {
        let byte = u8::try_from(u32::from(point)).map_err(|_| {
            EncodingError::value(format!(
                "bytes are written as code points up to 255, found `{point}`"
            ))
        })?;
        out.push(byte);
    }
    Ok(out.len() - before)
}

/// Fills the slot at `at`; a value of variable width is appended, its place counted from `base`.
fn slot(
    schema: &Schema,
    json: &Value,
    base: usize,
    at: usize,
    out: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    let word = if let Some(word) = fixed(schema, json)? {
        word
    } else {
        let start = out.len();
        encode(schema, json, out)?;
        place(base, start, out.len())?
    };
    out[at..at + 8].copy_from_slice(&word.to_le_bytes());
    Ok(())
}

/// A slot that points at `start..end`.
fn place(base: usize, start: usize, end: usize) -> Result<u64, EncodingError> {
    let half = |number: usize| {
        u32::try_from(number).map_err(|_| EncodingError::value("is larger than 4 GiB"))
    };
    Ok(u64::from(half(start - base)?) | u64::from(half(end - start)?) << 32)
}

/// Writes the count, then a slot for each element, filled by `fill(element, base, at, out)`.
fn elements<T>(
    list: &[T],
    out: &mut Vec<u8>,
    fill: impl Fn(&T, usize, usize, &mut Vec<u8>) -> Result<(), EncodingError>,
) -> Result<(), EncodingError> {
    let base = out.len();
    out.extend_from_slice(&(list.len() as u64).to_le_bytes());
    out.resize(base + 8 * (list.len() + 1), 0);
    for (index, element) in list.iter().enumerate() {
        fill(element, base, base + 8 * (index + 1), out).map_err(|error| error.within(index))?;
    }
    Ok(())
}

fn map(entry: &RecordSchema, json: &Value, out: &mut Vec<u8>) -> Result<(), EncodingError> {
    let Value::Object(object) = json else {
        return Err(mismatch("an object", json));
    };
    let mut entries: Vec<(&String, &Value)> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    elements(&entries, out, |(key, value), base, at, out| {
        let key_json = Value::String((*key).clone());
        let start = out.len();
        let of = |name: &str| Some(if name == "key" { &key_json } else { *value });
        fields(entry, of, out).map_err(|error| error.within(key))?;
        let word = place(base, start, out.len())?;
        out[at..at + 8].copy_from_slice(&word.to_le_bytes());
        Ok(())
    })
}

fn fields<'a>(
    record: &RecordSchema,
    of: impl Fn(&str) -> Option<&'a Value>,
    out: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    let base = out.len();
    out.resize(base + record.head_bytes(), 0);
    for (index, field) in record.fields.iter().enumerate() {
        let json = of(&field.name);
        if let Some(bit) = field.null_bit {
            let Some(json) = json.filter(|json| !json.is_null()) else {
                out[base + bit / 8] |= 1 << (bit % 8);
                continue;
            };
            let json = untag(&field.schema, json);
            slot(&field.schema, json, base, base + record.slot(index), out)
                .map_err(|error| error.within(&field.name))?;
            continue;
        }
        let Some(json) = json else {
            return Err(EncodingError::value("the field is missing").within(&field.name));
        };
        slot(&field.schema, json, base, base + record.slot(index), out)
            .map_err(|error| error.within(&field.name))?;
    }
    Ok(())
}

/// Takes Avro's tag (`{"long": 1}`) off a value, unless the object may be the value itself.
fn untag<'a>(schema: &Schema, json: &'a Value) -> &'a Value {
    match json {
        Value::Object(object)
            if object.len() == 1 && !matches!(schema, Schema::Record(_) | Schema::Map(_)) =>
        {
            object.get(schema.name()).unwrap_or(json)
        }
        _ => json,
    }
}

fn union(
    branches: &[(String, Schema)],
    json: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    if let Value::Object(object) = json
        && let Some((tag, inner)) = object.iter().next().filter(|_| object.len() == 1)
        && let Some(index) = branches.iter().position(|(name, _)| name == tag)
    {
        return tagged(index as u64, Some(&branches[index].1), inner, out);
    }
    let start = out.len();
    for (index, (_, schema)) in branches.iter().enumerate() {
        if tagged(index as u64, Some(schema), json, out).is_ok() {
            return Ok(());
        }
        out.truncate(start);
    }
    let names: Vec<&str> = branches.iter().map(|(name, _)| name.as_str()).collect();
    Err(EncodingError::value(format!(
        "fits no branch of the union of {}",
        names.join(", ")
    )))
}

/// Writes the first word of a union, its slot, and the value.
fn tagged(
    tag: u64,
    schema: Option<&Schema>,
    json: &Value,
    out: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    let base = out.len();
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    match schema {
        Some(schema) => slot(schema, json, base, base + 8, out),
        None => Ok(()),
    }
}
