//! Buckets of S3, and the test that one of them writes conditionally: what is written only if nobody has written is
//! written by exactly one of many, and a version that is out of date is never replaced. A store that only pretends to
//! (many ignore the headers and answer that all is well) would let two processes believe that each has the job.

use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};

/// Writers that race in the test.
const RACERS: usize = 16;

/// How buckets are reached. What is not given is taken from the variables of AWS (`AWS_ACCESS_KEY_ID`, ...), then from
/// the machine's own role.
#[derive(Clone, Default)]
pub(crate) struct S3Config {
    /// The server, if it is not AWS.
    pub(crate) endpoint: Option<String>,
    /// The region.
    pub(crate) region: Option<String>,
    /// Who asks.
    pub(crate) access_key: Option<String>,
    /// And proves it.
    pub(crate) secret_key: Option<String>,
    /// Whether the bucket is the first part of the path, and not of the host's name.
    pub(crate) path_style: bool,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("path_style", &self.path_style)
            .finish_non_exhaustive()
    }
}

impl S3Config {
    /// The objects of a bucket below a prefix. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// The configuration does not name a server; a text.
    pub(crate) fn open(&self, bucket: &str, prefix: &str) -> Result<Arc<dyn ObjectStore>, String> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_virtual_hosted_style_request(!self.path_style);
        if let Some(endpoint) = &self.endpoint {
            let plain = endpoint.starts_with("http://");
            builder = builder
                .with_endpoint(self.endpoint_of(endpoint, bucket))
                .with_allow_http(plain);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let Some(key) = &self.access_key {
            builder = builder.with_access_key_id(key);
        }
        if let Some(key) = &self.secret_key {
            builder = builder.with_secret_access_key(key);
        }
        // Whoever opens the second bucket finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = builder.build().map_err(|error| error.to_string())?;
        Ok(Arc::new(PrefixStore::new(store, prefix)))
    }

    /// The server by the name that requests about a bucket go to.
    fn endpoint_of(&self, endpoint: &str, bucket: &str) -> String {
        match endpoint.split_once("://") {
            Some((scheme, host)) if !self.path_style => format!("{scheme}://{bucket}.{host}"),
            _ => endpoint.to_owned(),
        }
    }
}

/// Why a store is not fit for checkpoints.
pub(super) enum Unfit {
    /// It cannot be used at all.
    Unusable(Error),
    /// It writes where it must not.
    Unconditional(String),
}

/// Tests that a store writes conditionally, with an object of this name that is gone afterwards.
pub(super) async fn test_conditional_writes(
    store: &dyn ObjectStore,
    name: &str,
) -> Result<(), Unfit> {
    let path = Path::from(name);
    let result = race(store, &path).await;
    let deleted = store.delete(&path).await;
    result?;
    deleted.map_err(Unfit::Unusable)
}

async fn race(store: &dyn ObjectStore, path: &Path) -> Result<(), Unfit> {
    let wins = |won: usize, what: &str| match won {
        1 => Ok(()),
        _ => Err(Unfit::Unconditional(format!(
            "{won} of {RACERS} {what} succeeded"
        ))),
    };
    wins(
        winners(store, path, PutMode::Create).await?,
        "writers that each must be the first",
    )?;
    let first = store.head(path).await.map_err(Unfit::Unusable)?;
    let update = || {
        PutMode::Update(UpdateVersion {
            e_tag: first.e_tag.clone(),
            version: first.version.clone(),
        })
    };
    wins(
        winners(store, path, update()).await?,
        "replacements of one version",
    )?;
    match written(store, path, RACERS, update()).await? {
        false => Ok(()),
        true => Err(Unfit::Unconditional(
            "a version that was out of date was replaced".to_owned(),
        )),
    }
}

async fn winners(store: &dyn ObjectStore, path: &Path, mode: PutMode) -> Result<usize, Unfit> {
    let racers = (0..RACERS).map(|racer| written(store, path, racer, mode.clone()));
    let results: Result<Vec<bool>, Unfit> = join_all(racers).await.into_iter().collect();
    Ok(results?.into_iter().filter(|won| *won).count())
}

/// Whether a conditional write took place.
async fn written(
    store: &dyn ObjectStore,
    path: &Path,
    racer: usize,
    mode: PutMode,
) -> Result<bool, Unfit> {
    // What two racers write differs, and so do the versions.
    let number = match mode {
        PutMode::Create => racer,
        PutMode::Overwrite | PutMode::Update(_) => RACERS + racer,
    };
    let payload = PutPayload::from(format!("racer {number}"));
    let options = PutOptions::from(mode);
    match store.put_opts(path, payload, options).await {
        Ok(_) => Ok(true),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
        Err(Error::NotImplemented { .. }) => Err(Unfit::Unconditional(
            "it knows no conditional writes".to_owned(),
        )),
        Err(error) => Err(Unfit::Unusable(error)),
    }
}

#[cfg(test)]
mod tests;
