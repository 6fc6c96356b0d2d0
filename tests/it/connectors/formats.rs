//! What lines are read and written as, and sources whose records must fit: CSV, JSON lines, collections, sockets.

use super::*;

fn order_schema() -> Value {
    json!({ "type": "record", "name": "Order", "fields": [
        { "name": "id", "type": "long" },
        { "name": "city", "type": "string" },
        { "name": "amount", "type": "double" },
        { "name": "note", "type": ["null", "string"] }
    ] })
}

fn orders(path: &Path, format: &str) -> Value {
    json!({ "type": "text-files", "path": path, "format": format, "schema": order_schema() })
}

#[test]
fn records_are_read_and_written_as_csv_and_json_lines() {
    let data = directory();
    let csv = data.path().join("orders.csv");
    let text = "id,city,amount,note\n7,\"Aachen, \"\"Dom\"\"\",2.5,\n8,Köln,-1,\"\"\n";
    write(&csv, text);
    let mut source = orders(&csv, "csv");
    source["header"] = json!(true);
    let (json_out, csv_out) = (data.path().join("json"), data.path().join("csv"));
    let sink = json!({ "type": "text-files", "path": json_out, "format": "json-lines" });
    let run = connect(&source, &sink).param("record", "order");
    run.summary();
    let read: Vec<Value> = lines(&json_out, "part-")
        .iter()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    let expected = [
        json!({ "id": 7, "city": "Aachen, \"Dom\"", "amount": 2.5, "note": null }),
        json!({ "id": 8, "city": "Köln", "amount": -1.0, "note": "" }),
    ];
    assert_eq!(read, expected);
    let sink = json!({ "type": "text-files", "path": csv_out, "format": "csv" });
    let run = connect(&orders(&json_out, "json-lines"), &sink).param("record", "order");
    run.summary();
    let back = ["7,\"Aachen, \"\"Dom\"\"\",2.5,", "8,Köln,-1.0,\"\""];
    assert_eq!(lines(&csv_out, "part-"), back);
}

#[test]
fn a_line_that_is_no_record_fails_the_job_or_is_left_out() {
    let data = directory();
    let path = data.path().join("orders.csv");
    write(&path, "1,x,1,\n2,y,much,\n3,z,3,\n");
    let sink = json!({ "type": "print", "format": "csv" });
    let strict = connect(&orders(&path, "csv"), &sink).param("record", "order");
    strict
        .end()
        .fails_naming(&["orders.csv", "record 1", "amount", "much"]);
    let mut lenient = orders(&path, "csv");
    lenient["ignore_errors"] = json!(true);
    let run = connect(&lenient, &sink).param("record", "order");
    let ended = run.end().success();
    let printed: Vec<&str> = ended.out.lines().take(2).collect();
    assert_eq!(printed, ["1,x,1.0,", "3,z,3.0,"]);
    assert!(ended.err.contains("left out"), "{}", ended.told());
}

#[test]
fn a_source_whose_keys_do_not_fit_is_refused_before_it_runs() {
    let data = directory();
    let path = data.path().join("orders.csv");
    write(&path, "");
    let refused = |changes: Value, needles: &[&str]| {
        let mut source = text_files(&path);
        for (key, value) in changes.as_object().expect("keys") {
            source[key] = value.clone();
        }
        let run = connect(&source, &json!({ "type": "print" }));
        let mut all = vec!["operator \"source\""];
        all.extend(needles);
        run.end().fails_naming(&all);
    };
    refused(json!({ "format": "csv" }), &["schema"]);
    refused(json!({ "format": "xml" }), &["xml", "json-lines"]);
    refused(json!({ "interval_ms": 5 }), &["interval_ms", "continuous"]);
    refused(json!({ "header": true }), &["header", "csv"]);
    refused(json!({ "watch": "always" }), &["always", "continuous"]);
    refused(json!({ "include": ["[a"] }), &["include", "[a"]);
    refused(json!({ "pth": "x" }), &["pth", "path"]);
    refused(json!({ "path": "/no/such/place" }), &["/no/such/place"]);
    let schema = json!({ "format": "csv", "schema": order_schema() });
    refused(schema, &["gives records of", "string"]);
}

#[test]
fn a_collection_is_read_and_printed() {
    let values: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
    let source = json!({ "type": "collection", "schema": "string", "values": values });
    let sink = json!({ "type": "print", "prefix": true });
    let ended = connect(&source, &sink).parallelism(2).end().success();
    let mut by_subtask: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in ended.out.lines() {
        if let Some((subtask, value)) = line.split_once("> ") {
            let of = by_subtask.entry(subtask.to_owned()).or_default();
            of.push(value.to_owned());
        }
    }
    assert_eq!(by_subtask.len(), 2, "{}", ended.told());
    let mut printed: Vec<String> = by_subtask.into_values().flatten().collect();
    printed.sort_by_key(|line| line[5..].parse::<u64>().ok());
    assert_eq!(printed, values);
}

#[test]
fn lines_come_from_a_socket_and_go_to_one() {
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a port");
    let (incoming, outgoing) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let socket =
        |listener| json!({ "type": "socket", "host": "127.0.0.1", "port": port(listener) });
    let (source, sink) = (socket(&incoming), socket(&outgoing));
    let mut running = connect(&source, &sink).parallelism(1).start();
    let (mut feed, _) = incoming.accept().expect("the source connects");
    let (drain, _) = outgoing.accept().expect("the sink connects");
    let sent: Vec<String> = (0..1000).map(|n| format!("line {n}")).collect();
    feed.write_all((sent.join("\n") + "\n").as_bytes())
        .expect("lines can be sent");
    drop(feed);
    let received: Vec<String> = BufReader::new(drain)
        .lines()
        .map_while(Result::ok)
        .collect();
    assert_eq!(received, sent);
    let ended = running.exits_within(Duration::from_secs(20));
    assert!(ended.is_some_and(|status| status.success()));
}
