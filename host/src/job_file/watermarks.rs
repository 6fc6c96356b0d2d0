//! `watermarks` of a source in a job file: event time from an expression over its records.
//!
//! Invariant: it is short for the standard operator `assign-timestamps` behind the source, with the uid
//! `<source>/timestamps`, and means nothing else. Whatever names the source then reads from that operator.

use std::collections::BTreeMap;

use super::document::{Inputs, JobFile, Link, Links, OperatorEntry, Scalar, WatermarksEntry};
use super::error::Defect;

/// The component and the operator that it is short for.
const COMPONENT: &str = "standard";
const OPERATOR: &str = "assign-timestamps";

/// Puts the operators in.
///
/// # Errors
/// Something that is no source has watermarks.
pub(super) fn expand(job: &mut JobFile) -> Result<(), Defect> {
    let mut renamed = BTreeMap::new();
    let mut assigners = Vec::new();
    for (index, entry) in job.operators.iter_mut().enumerate() {
        let Some(watermarks) = entry.watermarks.take() else {
            continue;
        };
        if entry.source.is_none() {
            let field = format!("operators[{index}] \"{}\".watermarks", entry.uid);
            let reason =
                "only a source has them; use the standard operator assign-timestamps behind it";
            return Err(Defect::new(field, reason));
        }
        let assigner = assigner(entry, watermarks);
        renamed.insert(entry.uid.clone(), assigner.uid.clone());
        assigners.push(assigner);
    }
    for entry in &mut job.operators {
        if let Some(links) = &mut entry.input {
            redirect_all(links, &renamed);
        }
        match &mut entry.inputs {
            None => {}
            Some(Inputs::Ports(ports)) => {
                ports
                    .values_mut()
                    .for_each(|links| redirect_all(links, &renamed));
            }
            Some(Inputs::Edges(edges)) => {
                edges
                    .iter_mut()
                    .for_each(|edge| redirect(&mut edge.from, &renamed));
            }
        }
    }
    job.operators.extend(assigners);
    Ok(())
}

fn assigner(source: &OperatorEntry, watermarks: WatermarksEntry) -> OperatorEntry {
    let text = |text: &str| Scalar::Text(text.to_owned());
    let mut parameters = BTreeMap::from([
        ("operator".to_owned(), text(OPERATOR)),
        ("timestamp".to_owned(), Scalar::Text(watermarks.timestamp)),
    ]);
    let optional = [
        ("max_out_of_orderness", watermarks.max_out_of_orderness),
        ("idle_timeout", watermarks.idle_timeout),
        ("on_error", watermarks.on_error),
    ];
    for (name, value) in optional {
        parameters.extend(value.map(|value| (name.to_owned(), value)));
    }
    OperatorEntry {
        uid: format!("{}/timestamps", source.uid),
        parallelism: source.parallelism,
        component: Some(COMPONENT.to_owned()),
        parameters,
        input: Some(Links::One(Link::Name(source.uid.clone()))),
        ..OperatorEntry::default()
    }
}

fn redirect_all(links: &mut Links, renamed: &BTreeMap<String, String>) {
    let redirect_one = |link: &mut Link| match link {
        Link::Name(name) => redirect(name, renamed),
        Link::Edge(edge) => redirect(&mut edge.from, renamed),
    };
    match links {
        Links::One(link) => redirect_one(link),
        Links::Union(links) => links.iter_mut().for_each(redirect_one),
    }
}

fn redirect(name: &mut String, renamed: &BTreeMap<String, String>) {
    if let Some(assigner) = renamed.get(name) {
        name.clone_from(assigner);
    }
}
