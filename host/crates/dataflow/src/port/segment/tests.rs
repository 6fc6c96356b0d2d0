//! Segments: stored once, read back, and equal to what a checkpoint names.

use std::path::Path;

use super::*;

/// A store in memory that refuses as often as it is told to.
#[derive(Default)]
struct Memory {
    blobs: Mutex<Vec<Vec<u8>>>,
    refusals: Mutex<u32>,
}

impl BlobStore for Memory {
    fn put(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(BlobError::Missing("the disk".to_owned()));
        }
        let mut blobs = self.blobs.lock().unwrap();
        blobs.push(data);
        Ok(BlobRef {
            name: (blobs.len() - 1).to_string(),
            role: role.to_owned(),
            size_bytes: blobs.last().map_or(0, |it| it.len() as u64),
            hash: [0; 32],
        })
    }

    fn put_file(&self, _role: &str, _path: &Path) -> Result<BlobRef, BlobError> {
        Err(BlobError::Missing("files".to_owned()))
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let index: usize = blob.name.parse().expect("a number");
        let blobs = self.blobs.lock().unwrap();
        let found = blobs.get(index).cloned();
        found.ok_or_else(|| BlobError::Missing(blob.name.clone()))
    }

    fn get_file(&self, _blob: &BlobRef, _path: &Path) -> Result<(), BlobError> {
        Err(BlobError::Missing("files".to_owned()))
    }
}

#[test]
fn a_segment_is_stored_once_and_can_be_read_before_and_after() {
    let store = Arc::new(Memory::default());
    let segments = SegmentStore::new(Arc::clone(&store) as Arc<dyn BlobStore>, |segment| {
        segment.write().expect("it is stored");
    });
    let segment = segments.put(b"output".to_vec());
    let blob = segment.write().expect("it was stored before");
    assert_eq!(segment.blob(), Some(blob.clone()));
    assert_eq!(store.blobs.lock().unwrap().len(), 1);
    let restored = Segment::stored(blob, store);
    assert_eq!(restored, segment);
    assert_eq!(restored.read().expect("it is there"), b"output");
}

#[test]
fn a_refused_segment_keeps_its_bytes_and_is_stored_later() {
    let store = Arc::new(Memory::default());
    *store.refusals.lock().unwrap() = 1;
    let segments = SegmentStore::new(Arc::clone(&store) as Arc<dyn BlobStore>, |segment| {
        assert!(segment.write().is_err());
    });
    let segment = segments.put(b"output".to_vec());
    assert_eq!(segment.blob(), None);
    assert_eq!(segment.read().expect("it is in memory"), b"output");
    segment.write().expect("now it is stored");
    assert_eq!(segment.read().expect("it is stored"), b"output");
}

#[test]
fn without_a_store_there_is_an_error_and_no_panic() {
    let segment = SegmentStore::default().put(Vec::new());
    let error = segment.write().expect_err("no store").to_string();
    assert!(error.contains("without a store"), "{error}");
}
