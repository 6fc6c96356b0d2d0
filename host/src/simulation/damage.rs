//! Damage to the newest checkpoint while no process runs: one of the files that it alone has is changed, cut or gone.
//!
//! With [`damage`] and its `forge` the same happens without a trace: every hash on the way is made to fit, as if nobody
//! compared them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dice::Dice;
use super::disk::Disk;
use crate::storage::blob_store::hex;

/// Damages the newest checkpoint; returns its number, or none if it is not to be damaged because it is the only one.
pub(super) fn damage(disk: &Disk, dice: &mut Dice, forge: bool) -> Option<u64> {
    let mut current = json(&disk.read("CURRENT")?)?;
    let retained = current["retained"].as_array()?.clone();
    let metadata = |entry: &Value| entry["metadata"].as_str().map(str::to_owned);
    let newest = metadata(retained.first()?)?;
    if retained.len() < 2 {
        return None;
    }
    let mut document = json(&disk.read(&newest)?)?;
    let number = document["checkpoint"].as_u64()?;
    let older = retained[1..].iter().filter_map(metadata);
    let older = older.filter_map(|it| json(&disk.read(&it)?));
    let kept: BTreeSet<String> = older.flat_map(|it| names(&it)).collect();
    let own: Vec<String> = names(&document).difference(&kept).cloned().collect();
    let chosen = dice.index(own.len() + 1);
    let Some(file) = own.get(chosen) else {
        if forge {
            return None;
        }
        let harmed = harm(disk.read(&newest)?, dice);
        disk.write(&newest, harmed);
        return Some(number);
    };
    if !forge {
        let harmed = harm(disk.read(file)?, dice);
        disk.write(file, harmed);
        return Some(number);
    }
    let mut bytes = disk.read(file)?;
    flip(&mut bytes, dice);
    rename_hash(&mut document, file, &hash(&bytes));
    disk.write(file, Some(bytes));
    let document = serde_json::to_vec(&document).ok()?;
    current["retained"][0]["blake3"] = hash(&document).into();
    disk.write(&newest, Some(document));
    disk.write("CURRENT", serde_json::to_vec(&current).ok());
    Some(number)
}

fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

fn hash(bytes: &[u8]) -> String {
    hex(blake3::hash(bytes).as_bytes())
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    let at = dice.index(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
}

fn harm(mut bytes: Vec<u8>, dice: &mut Dice) -> Option<Vec<u8>> {
    match dice.below(3) {
        0 => return None,
        _ if bytes.is_empty() => return None,
        1 => bytes.truncate(dice.index(bytes.len())),
        _ => flip(&mut bytes, dice),
    }
    Some(bytes)
}

/// The names of all files that a document speaks of.
pub(super) fn names(document: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_file(&mut document.clone(), &mut |file| {
        names.extend(file["name"].as_str().map(str::to_owned));
    });
    names
}

fn rename_hash(document: &mut Value, name: &str, hash: &str) {
    each_file(document, &mut |file| {
        if file["name"] == name {
            file["blake3"] = hash.into();
        }
    });
}

fn each_file(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(object) if object.contains_key("blake3") => visit(value),
        Value::Object(object) => object.values_mut().for_each(|it| each_file(it, visit)),
        Value::Array(array) => array.iter_mut().for_each(|it| each_file(it, visit)),
        _ => {}
    }
}
