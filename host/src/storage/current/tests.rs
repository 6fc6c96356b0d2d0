//! Whoever took a job over last replaces `CURRENT`, and nobody else does.

use super::*;
use object_store::memory::InMemory;

fn retained(name: &str) -> Vec<Retained> {
    vec![Retained {
        metadata: name.to_owned(),
        blake3: String::new(),
        passed_over: false,
    }]
}

async fn take_over(store: &Arc<dyn ObjectStore>, run: &str) -> CurrentObject {
    let taken = CurrentObject::take_over(Arc::clone(store), run.to_owned(), 1).await;
    taken.expect("it can be taken over")
}

#[tokio::test]
async fn whoever_had_it_before_is_fenced_and_what_it_says_stays() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut first = take_over(&store, "first").await;
    first.replace(1, retained("a")).await.expect("it is ours");
    first.replace(1, retained("b")).await.expect("it still is");
    let mut second = take_over(&store, "second").await;
    for refused in [
        first.replace(1, retained("c")).await.expect_err("fenced"),
        first.read().await.map(|_| ()).expect_err("fenced"),
    ] {
        assert!(matches!(&refused, CurrentError::Fenced(run) if run == "second"));
    }
    let current = second.read().await.expect("readable").expect("there");
    assert_eq!(current.retained, retained("b"));
    second.replace(1, retained("d")).await.expect("it is ours");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_has_taken_place() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut owner = take_over(&store, "owner").await;
    // A write of this run that it never heard of again: the same as the next one, or an earlier one that was late.
    for late in ["a", "b"] {
        let (mut current, version) = read(&*store).await.expect("readable").expect("there");
        current.retained = retained(late);
        let written = put(&*store, &current, PutMode::Update(version)).await;
        written.expect("written");
        owner.replace(1, retained("a")).await.expect("it is ours");
        let now = owner.read().await.expect("readable").expect("there");
        assert_eq!(now.retained, retained("a"), "after {late}");
    }
}

#[tokio::test]
async fn of_many_that_take_over_at_once_the_last_one_has_it() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let runs: Vec<String> = (0..8).map(|run| format!("run {run}")).collect();
    let takers = runs.iter().map(|run| take_over(&store, run));
    let mut takers = futures_util::future::join_all(takers).await;
    let mut won = 0;
    for taker in &mut takers {
        won += usize::from(taker.replace(1, Vec::new()).await.is_ok());
    }
    assert_eq!(won, 1);
}

#[test]
fn where_a_lock_keeps_others_out_the_document_has_no_epoch() {
    let current = Current {
        version: 1,
        ..Current::default()
    };
    let text = serde_json::to_string(&current).expect("JSON");
    assert_eq!(text, r#"{"version":1,"retained":[]}"#);
    assert_eq!(
        serde_json::from_str::<Current>(&text).expect("ours"),
        current
    );
}
