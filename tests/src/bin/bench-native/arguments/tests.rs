//! Words become parameters and settings, and nothing is taken silently.

use super::Arguments;

fn parse(words: &str) -> anyhow::Result<Arguments> {
    Arguments::parse(words.split(' ').map(str::to_owned))
}

fn pairs(list: Vec<(String, String)>) -> Vec<String> {
    list.into_iter().map(|(k, v)| format!("{k}={v}")).collect()
}

#[test]
fn words_of_the_benchmark_script_reach_the_job_and_the_configuration() {
    let words =
        "job=J4 p=2 n=10 keys=5 epm=1 rate=0 file= emit=final backend=rocksdb ckpt=100 data=dir";
    let arguments = parse(words).unwrap();
    assert_eq!(
        pairs(arguments.parameters()),
        ["job=J4", "n=10", "keys=5", "epm=1"]
    );
    assert_eq!(
        pairs(arguments.settings()),
        [
            "parallelism.default=2",
            "state.backend=rocksdb",
            "data.dir=dir",
            "execution.checkpointing.interval=100ms"
        ]
    );
}

#[test]
fn no_checkpoints_are_taken_at_an_interval_of_zero() {
    assert!(parse("job=J3 ckpt=0").unwrap().settings().is_empty());
}

#[test]
fn unknown_words_are_refused_by_name() {
    assert!(
        parse("job=J1 key=5")
            .unwrap_err()
            .to_string()
            .contains("no word key")
    );
    assert!(
        parse("J1")
            .unwrap_err()
            .to_string()
            .contains("not name=value")
    );
}
