//! Compiled components on disk, so that a component is compiled once per machine and engine.
//!
//! Loading a compiled artefact means running whatever machine code is in it. Invariant: only artefacts that carry this
//! cache's own message authentication code are handed to wasmtime; the key is a random file that only the owner can
//! read, and the code covers the component's digest, the engine's configuration and every byte of the artefact. A file
//! that does not verify (foreign, damaged, of another engine) is compiled again and overwritten. The bytes that were
//! verified are the ones that are loaded: the file is not read twice.
//!
//! A file is `<digest>-<engine>.cwasm`: 32 bytes of BLAKE3 keyed hash, then the artefact.

use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::WasmError;

const KEY_FILE: &str = "artefact.key";
const MAC_BYTES: usize = blake3::OUT_LEN;

/// Tells temporary files of one process apart.
static TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// The BLAKE3 hash of a component's file: its true name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a file's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The cache of one directory.
pub(crate) struct ComponentCache {
    dir: PathBuf,
    key: [u8; 32],
}

impl ComponentCache {
    /// Opens the cache, creating the directory and its key if they are missing.
    ///
    /// # Errors
    /// The directory cannot be written, or the key is not a key or readable by others.
    pub(crate) fn open(dir: &Path) -> Result<Self, WasmError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(dir)
            .map_err(|error| cache_error(dir, &error))?;
        let path = dir.join(KEY_FILE);
        if !path.exists() {
            create_key(dir, &path).map_err(|error| cache_error(&path, &error))?;
        }
        let key = read_key(&path)?;
        Ok(Self {
            dir: dir.to_owned(),
            key,
        })
    }

    /// The compiled component, if the cache has it and it is ours.
    pub(crate) fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let path = self.path(engine, digest);
        let file = match fs::read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled component unreadable");
                return None;
            }
        };
        let Some(artefact) = self.verified(engine, digest, &file) else {
            tracing::warn!(
                path = %path.display(),
                "compiled component was not made here, or was changed; compiling again"
            );
            return None;
        };
        deserialize(engine, artefact)
            .inspect_err(|error| {
                tracing::warn!(path = %path.display(), %error, "compiled component unusable");
            })
            .ok()
    }

    /// Keeps a compiled component. A cache that cannot be written slows the next start down and is no error.
    pub(crate) fn store(&self, engine: &Engine, digest: Digest, artefact: &[u8]) {
        let path = self.path(engine, digest);
        let mac = self.mac(engine, digest, artefact);
        let written = write_atomically(&self.dir, &path, &[mac.as_bytes(), artefact]);
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "compiled component not kept");
        }
    }

    /// Where the compiled component is kept.
    pub(crate) fn path(&self, engine: &Engine, digest: Digest) -> PathBuf {
        let engine = blake3::Hash::from_bytes(engine_digest(engine)).to_hex();
        self.dir.join(format!("{digest}-{}.cwasm", &engine[..16]))
    }

    fn verified<'a>(&self, engine: &Engine, digest: Digest, file: &'a [u8]) -> Option<&'a [u8]> {
        let (mac, artefact) = file.split_first_chunk::<MAC_BYTES>()?;
        // The comparison of two hashes takes the same time wherever they differ.
        (self.mac(engine, digest, artefact) == blake3::Hash::from_bytes(*mac)).then_some(artefact)
    }

    fn mac(&self, engine: &Engine, digest: Digest, artefact: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&digest.0);
        hasher.update(&engine_digest(engine));
        hasher.update(artefact);
        hasher.finalize()
    }
}

/// Loads compiled code: of this cache, or that was just compiled.
#[expect(unsafe_code, reason = "loads machine code")]
pub(crate) fn deserialize(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are the output of `precompile_component` of an engine with the same compatibility hash. Either
    // the caller has just checked the authentication code over them, whose key only this cache has; or they were made a
    // moment ago, in this process or in one of this same program that this one started and talks to by a pipe.
    unsafe { Component::deserialize(engine, artefact) }
}

/// Everything that decides whether an engine can run an artefact, as 32 bytes.
fn engine_digest(engine: &Engine) -> [u8; 32] {
    struct Blake3(blake3::Hasher);
    impl Hasher for Blake3 {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Blake3(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    *hasher.0.finalize().as_bytes()
}

fn create_key(dir: &Path, path: &Path) -> io::Result<()> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let temporary = write_temporary(dir, &[&key])?;
    // A link never replaces a key that another process has made meanwhile.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn read_key(path: &Path) -> Result<[u8; 32], WasmError> {
    let metadata = fs::metadata(path).map_err(|error| cache_error(path, &error))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(WasmError::Cache {
            path: path.to_owned(),
            reason: "the key is open to other users; remove the cache directory".to_owned(),
        });
    }
    let key = fs::read(path).map_err(|error| cache_error(path, &error))?;
    key.try_into().map_err(|key: Vec<u8>| WasmError::Cache {
        path: path.to_owned(),
        reason: format!(
            "the key has {} bytes instead of 32; remove the cache directory",
            key.len()
        ),
    })
}

fn write_temporary(dir: &Path, parts: &[&[u8]]) -> io::Result<PathBuf> {
    let number = TEMPORARY.fetch_add(1, Ordering::Relaxed);
    let path = dir.join(format!(".{}-{number}.tmp", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&path)?;
    for part in parts {
        file.write_all(part)?;
    }
    Ok(path)
}

fn write_atomically(dir: &Path, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let temporary = write_temporary(dir, parts)?;
    fs::rename(&temporary, path)
}

fn cache_error(path: &Path, error: &io::Error) -> WasmError {
    WasmError::Cache {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
