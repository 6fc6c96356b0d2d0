//! What is wrong in a parameter is told before anything runs, with the operator's uid, the parameter and the place.

use super::{job, one, run};

#[test]
fn a_wrong_expression_is_told_with_its_place() {
    let cases = [
        (
            r#"operator: filter, where: "price >""#,
            ["\"last\"", "where", "column"],
        ),
        (
            r#"operator: filter, where: "cost > 3""#,
            ["\"last\"", "no field cost", "item, price"],
        ),
        (
            r#"operator: filter, where: "price + 1""#,
            ["\"last\"", "where", "not \"boolean\""],
        ),
        (
            r#"operator: filter, where: "item > 3""#,
            ["\"last\"", "column 6", "cannot be compared"],
        ),
        (
            r#"operator: filter, where: "price * 1.5 > 3.0""#,
            ["\"last\"", "column 7", "convert"],
        ),
        (
            r#"operator: filter, where: "lower(item) == 'x'""#,
            ["\"last\"", "where", "no function lower"],
        ),
        (
            r#"operator: project, fields: "a = [1]""#,
            ["\"last\"", "fields", "a: type"],
        ),
        (
            r#"operator: project, fields: "a: text = item""#,
            ["\"last\"", "fields", "no type"],
        ),
        (
            r#"operator: aggregate, aggregates: "a = sum(item)""#,
            ["\"last\"", "aggregates", "sum()"],
        ),
        (
            r#"operator: aggregate, aggregates: "a = median(price)""#,
            ["\"last\"", "aggregates", "no aggregate"],
        ),
        (
            r#"operator: filtre, where: "true""#,
            ["\"last\"", "filtre", "there are: filter"],
        ),
        (
            r#"operator: dedup, key: item, where: "true""#,
            ["\"last\"", "where", "does not take it"],
        ),
        (
            r#"operator: dedup, key: item, within: soon"#,
            ["\"last\"", "within", "no duration"],
        ),
        (
            r#"operator: top-n, n: 0, by: price"#,
            ["\"last\"", "parameter n", "at least 1"],
        ),
        (
            r#"operator: window-aggregate, window: hopping, aggregates: "n = count()""#,
            ["\"last\"", "window", "hopping"],
        ),
    ];
    for (parameters, needles) in cases {
        run(&job(&one(parameters)), 1).fails_naming(&needles);
    }
}
