//! Postings say in which documents a term is and how often; lengths count all words.

use wasmill_sdk::testing::Harness;

use super::{Document, Term, search_index};

fn run(lines: &[&str]) -> (Vec<Term>, Vec<Document>) {
    let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
    let mut harness = Harness::start(&search_index, &[]).unwrap();
    harness.push(0, &lines).unwrap();
    harness.finish().unwrap();
    let (mut terms, mut documents) = (harness.records(0).unwrap(), harness.records(1).unwrap());
    terms.sort_by(|a: &Term, b| a.term.cmp(&b.term));
    documents.sort_by(|a: &Document, b| a.document.cmp(&b.document));
    (terms, documents)
}

#[test]
fn terms_have_postings_and_documents_have_lengths() {
    let (terms, documents) = run(&[
        "MIT:1:Permission is granted, is it?",
        "MIT:2:",
        "GPL:1:No warranty: none.",
        "no line of a document",
        "GPL:7:PERMISSION",
    ]);
    let told = |term: &Term| {
        let postings = term.postings.iter();
        let postings: Vec<String> = postings
            .map(|p| format!("{}*{}", p.document, p.count))
            .collect();
        format!("{} {} {}", term.term, term.documents, postings.join(" "))
    };
    let told: Vec<String> = terms.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "granted 1 MIT*1",
            "is 1 MIT*2",
            "it 1 MIT*1",
            "no 1 GPL*1",
            "none 1 GPL*1",
            "permission 2 GPL*1 MIT*1",
            "warranty 1 GPL*1",
        ]
    );
    let lengths: Vec<_> = documents
        .iter()
        .map(|d| (d.document.as_str(), d.words))
        .collect();
    assert_eq!(lengths, [("GPL", 4), ("MIT", 5)]);
}
