//! The readers of foreign bytes under libFuzzer, one a run: `DECODER` names it. With `SEEDS` as well, its seeds are put into
//! that folder first. `DECODERS=list` prints the names of all and ends.
//!
//! Which readers there are, and what they must never do, is said in `host/src/decoders`: this is a door and nothing else.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wasmill::decoders::{ALL, Decoder};

static CHOSEN: OnceLock<&'static Decoder> = OnceLock::new();

fn begin() {
    if std::env::var_os("DECODERS").is_some() {
        ALL.iter().for_each(|decoder| println!("{}", decoder.name));
        std::process::exit(0);
    }
    let name = std::env::var("DECODER").unwrap_or_default();
    let chosen = ALL.iter().find(|decoder| decoder.name == name);
    let chosen = chosen.unwrap_or_else(|| {
        eprintln!("DECODER=\"{name}\" is none; DECODERS=list prints them");
        std::process::exit(2);
    });
    if let Some(folder) = std::env::var_os("SEEDS") {
        for (number, seed) in (chosen.seeds)().iter().enumerate() {
            let path = Path::new(&folder).join(format!("seed-{number}"));
            if let Err(error) = std::fs::write(&path, seed) {
                eprintln!("{}: {error}", path.display());
                std::process::exit(2);
            }
        }
    }
    CHOSEN.get_or_init(|| chosen);
}

fuzz_target!(init: begin(), |bytes: &[u8]| {
    if let Some(decoder) = CHOSEN.get() {
        (decoder.read)(bytes);
    }
});
