//! Programs against the interpreter, on random expressions and rows.

use proptest::prelude::*;
use wasmill_sdk::dynamic::{Dynamic, RowSchema, Type, Value};

use super::{Program, Row, compile};
use crate::expression::{Expression, Parsed};

fn schema() -> RowSchema {
    let optional = |kind: Type| Type::Optional(std::rc::Rc::new(kind));
    let fields = [
        ("a", Type::Long),
        ("b", Type::Int),
        ("n", optional(Type::Long)),
        ("x", Type::Double),
        ("y", Type::Float),
        ("d", optional(Type::Double)),
        ("s", Type::Text),
        ("t", optional(Type::Text)),
        ("p", Type::Boolean),
        ("q", optional(Type::Boolean)),
    ];
    let fields = fields.map(|(name, kind)| (name.to_owned(), kind));
    RowSchema::record("Random", fields)
}

/// One row, of values with many ties and the corners of their types.
fn rows() -> impl Strategy<Value = Dynamic> {
    let long = || prop_oneof![-3_i64..4, Just(i64::MAX), Just(i64::MIN)];
    let double = || {
        prop_oneof![
            (-4_i32..5).prop_map(|n| f64::from(n) / 2.0),
            Just(f64::NAN),
            Just(1e300)
        ]
    };
    let text = || "[ab]{0,3}";
    let numbers = (long(), -3_i64..4, proptest::option::of(long()));
    let fractions = (
        double(),
        (-3_i8..4).prop_map(f64::from),
        proptest::option::of(double()),
    );
    let texts = (text(), proptest::option::of(text()));
    let flags = (any::<bool>(), any::<Option<bool>>());
    (numbers, fractions, texts, flags).prop_map(|(numbers, fractions, texts, flags)| {
        let or_null = |value: Option<Value<'static>>| value.unwrap_or(Value::Null);
        let optional = texts.1.as_deref().map_or(Value::Null, Value::Text);
        let values = [
            Value::Long(numbers.0),
            Value::Long(numbers.1),
            or_null(numbers.2.map(Value::Long)),
            Value::Double(fractions.0),
            Value::Double(fractions.1),
            or_null(fractions.2.map(Value::Double)),
            Value::Text(&texts.0),
            optional,
            Value::Boolean(flags.0),
            or_null(flags.1.map(Value::Boolean)),
        ];
        schema().row(&values).expect("the values fit the schema")
    })
}

fn longs(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop_oneof![Just("a"), Just("b"), Just("n"), Just("timestamp")].prop_map(str::to_owned),
        (-3_i64..4).prop_map(|n| n.to_string()),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let operator = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/"), Just("%")];
    let (a, b) = (longs(depth - 1), longs(depth - 1));
    prop_oneof![
        leaf,
        (a.clone(), operator, b.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        (booleans(depth - 1), a.clone(), b).prop_map(|(c, a, b)| format!("({c} ? {a} : {b})")),
        a.prop_map(|a| format!("-({a})")),
    ]
    .boxed()
}

fn doubles(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop_oneof![Just("x"), Just("y"), Just("d")].prop_map(str::to_owned),
        (-4_i32..5).prop_map(|n| format!("{:.1}", f64::from(n) / 2.0)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let operator = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/")];
    let (a, b) = (doubles(depth - 1), doubles(depth - 1));
    prop_oneof![
        leaf,
        (a.clone(), operator, b).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        longs(depth - 1).prop_map(|a| format!("double({a})")),
        a.prop_map(|a| format!("-({a})")),
    ]
    .boxed()
}

fn texts() -> BoxedStrategy<String> {
    prop_oneof![
        Just("s".to_owned()),
        Just("t".to_owned()),
        "[ab]{0,2}".prop_map(|text| format!("'{text}'")),
    ]
    .boxed()
}

fn booleans(depth: u32) -> BoxedStrategy<String> {
    let comparison = || {
        prop_oneof![
            Just("=="),
            Just("!="),
            Just("<"),
            Just("<="),
            Just(">"),
            Just(">=")
        ]
    };
    let test = prop_oneof![Just("contains"), Just("startsWith"), Just("endsWith")];
    let field = prop_oneof![Just("n"), Just("d"), Just("t"), Just("q"), Just("a")];
    let leaf = prop_oneof![
        prop_oneof![Just("p"), Just("(q == true)"), Just("true"), Just("false")]
            .prop_map(str::to_owned),
        (texts(), comparison(), texts()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        (texts(), test, texts()).prop_map(|(a, test, b)| format!("{a}.{test}({b})")),
        (field, any::<bool>()).prop_map(|(it, is)| {
            let operator = if is { "==" } else { "!=" };
            format!("({it} {operator} null)")
        }),
        texts().prop_map(|text| format!("({text} in ['a', '', 'bb'])")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (a, b) = (booleans(depth - 1), booleans(depth - 1));
    let number = || prop_oneof![longs(depth - 1), doubles(depth - 1)];
    let joined = prop_oneof![Just("&&"), Just("||"), Just("==")];
    prop_oneof![
        leaf,
        (a.clone(), joined, b).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        (number(), comparison(), number()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        longs(depth - 1).prop_map(|a| format!("({a} in [1, 0, -2])")),
        a.prop_map(|a| format!("!{a}")),
    ]
    .boxed()
}

/// The value of a program as the interpreter has it.
fn value(program: &Program, row: Row<'_>) -> Option<cel::Value> {
    Some(match program {
        Program::Boolean(it) => cel::Value::Bool(it.evaluate(row)?),
        Program::Long(it) => cel::Value::Int(it.evaluate(row)?),
        Program::Double(it) => cel::Value::Float(it.evaluate(row)?),
        Program::Text(it) => cel::Value::String(it.evaluate(row)?.to_owned().into()),
    })
}

/// Equal, with NaN equal to itself.
fn same(a: &cel::Value, b: &cel::Value) -> bool {
    match (a, b) {
        (cel::Value::Float(a), cel::Value::Float(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_program_gives_what_the_interpreter_gives_or_nothing(
        text in prop_oneof![booleans(3), longs(3), doubles(3), texts()],
        record in rows(),
        timestamp in prop_oneof![Just(None), (-3_i64..4).prop_map(Some)],
    ) {
        let schema = schema();
        let parsed = Parsed::of("where", &text).expect("a random expression can be read");
        let program = compile(parsed.tree(), &schema);
        let program = program.unwrap_or_else(|| panic!("`{text}` has no program"));
        let interpreted = Expression::compile("where", &text, &schema)
            .and_then(|expression| expression.evaluate(&record, timestamp));
        let row = Row { record: &record, timestamp };
        if let Some(found) = value(&program, row) {
            let wanted = interpreted.unwrap_or_else(|error| panic!("`{text}`: {error}, not {found:?}"));
            prop_assert!(same(&found, &wanted), "`{}`: {:?}, not {:?}", text, found, wanted);
        }
    }
}

/// Expressions of everyday use never need the interpreter where nothing is null.
#[test]
fn common_expressions_have_a_program_that_gives_a_value() {
    let schema = schema();
    let values = [1, 2, 3].map(Value::Long);
    let mut values = values.to_vec();
    values.extend([4.0, 5.0, 6.0].map(Value::Double));
    values.extend(["one", "two"].map(Value::Text));
    values.extend([true, false].map(Value::Boolean));
    let record = schema.row(&values).expect("the values fit the schema");
    let row = Row {
        record: &record,
        timestamp: Some(7),
    };
    for text in [
        "a * b > 20 && s != 'cup'",
        "double(a) * x / 2.0",
        "s in ['one', 'three'] || n == null",
        "timestamp % 1000 == 0",
        "t != null && t.startsWith('t')",
        "a > 1.5 ? 'dear' : 'cheap'",
        "!(p && q) && -a < b",
    ] {
        let parsed = Parsed::of("where", text).expect("it can be read");
        let program = compile(parsed.tree(), &schema).expect("it has a program");
        assert!(value(&program, row).is_some(), "{text}");
    }
}
