//! Updates: owned, displayed, serialized and inspected.
#![allow(missing_docs)]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, mpsc};
use std::thread;

use pinquery::{Adjustment, Datastream, Pairs, Template, Text, Update, Value, VirtualPin, parse};

const QUERY: &str = "token=t&v1=133&v2=1e300&v3=water+low&v4=7&v5=12.5,-3&v6=TRUE";

fn template() -> Template {
    Template::from([
        (VirtualPin(1), Datastream::integer(0..=100).unwrap()),
        (VirtualPin(2), Datastream::double(..).unwrap()),
        (VirtualPin(3), Datastream::string_up_to(64)),
        (
            VirtualPin(4),
            Datastream::enumerable_or([0, 20], 0).unwrap(),
        ),
        (VirtualPin(5), Datastream::location()),
        (VirtualPin(6), Datastream::boolean()),
    ])
}

fn owned() -> Vec<Update> {
    let query = QUERY.to_owned();
    parse(&query, |_| Some(Box::new(template())))
        .unwrap()
        .into_owned()
}

#[test]
fn owned_updates_cross_a_channel() {
    let (sender, receiver) = mpsc::channel::<Vec<Update>>();
    thread::spawn(move || sender.send(owned()).unwrap());
    let updates = receiver.recv().unwrap();
    assert_eq!(updates, owned());
    assert_eq!(updates[0].value, Value::Integer(100));
    assert_eq!(updates[2].value, Value::String("water low".to_owned()));
    let Update {
        pin,
        value,
        adjusted,
    } = updates[3].clone();
    let expected = (
        VirtualPin(4),
        Value::Enumerable(0),
        Some(Adjustment::Fallback),
    );
    assert_eq!((pin, value, adjusted), expected);
}

#[test]
fn map_string_converts_to_any_string_type() {
    let template = template();
    let updates = parse(QUERY, |_| Some(&template)).unwrap();
    let text: Update<Text<'_>> = updates[2];
    assert_eq!(text.into_owned(), owned()[2]);
    assert_eq!(text.value.into_owned(), owned()[2].value);
    let shared: Value<Arc<str>> = text.value.map_string(|text| text.to_cow().into());
    assert_eq!(shared, Value::String("water low".into()));
    assert_eq!(text.map_string(|text| text.len()).value, Value::String(9));
    let number: Value<Arc<str>> = updates[0].value.map_string(|_| unreachable!());
    assert_eq!(number, Value::Integer(100));
}

#[test]
fn values_report_their_type() {
    let names: Vec<&str> = owned().iter().map(|u| u.value.type_name()).collect();
    let types: Vec<&str> = template().iter().map(|(_, d)| d.type_name()).collect();
    assert_eq!(names, types);

    let values: Vec<Value> = owned().into_iter().map(|u| u.value).collect();
    let of = |at: usize| &values[at];
    assert_eq!((of(0).as_i64(), of(3).as_i64()), (Some(100), Some(0)));
    assert_eq!(
        (of(0).as_f64(), of(1).as_f64(), of(3).as_f64()),
        (Some(100.0), Some(1e300), Some(0.0))
    );
    assert_eq!(of(2).as_string().map(String::as_str), Some("water low"));
    assert_eq!(of(5).as_bool(), Some(true));
    assert!(of(1).as_i64().is_none() && of(4).as_f64().is_none());
    assert!(of(0).as_bool().is_none() && of(0).as_string().is_none());
}

#[test]
fn updates_are_human_readable() {
    let shown: Vec<String> = owned().iter().map(ToString::to_string).collect();
    let expected = [
        "v1=100 (max)",
        "v2=1e300",
        "v3=water low",
        "v4=0 (fallback)",
        "v5=12.5,-3.0",
        "v6=true",
    ];
    assert_eq!(shown, expected);
    let template = template();
    let updates = parse(QUERY, |_| Some(&template)).unwrap();
    assert!(updates.iter().map(ToString::to_string).eq(expected));
    assert_eq!(Value::<String>::Double(33.0).to_string(), "33.0");
}

#[test]
fn updates_serialize_the_same_with_any_string_type() {
    let template = template();
    let updates = parse(QUERY, |_| Some(&template)).unwrap();
    let expected = concat!(
        r#"[{"pin":1,"value":100,"adjusted":"max"},{"pin":2,"value":1e+300,"adjusted":null},"#,
        r#"{"pin":3,"value":"water low","adjusted":null},{"pin":4,"value":0,"adjusted":"fallback"},"#,
        r#"{"pin":5,"value":[12.5,-3.0],"adjusted":null},{"pin":6,"value":true,"adjusted":null}]"#,
    );
    assert_eq!(serde_json::to_string(&updates).unwrap(), expected);
    assert_eq!(serde_json::to_string(&owned()).unwrap(), expected);
    let shared: Vec<Update<Arc<str>>> = owned()
        .into_iter()
        .map(|u| u.map_string(Arc::from))
        .collect();
    assert_eq!(serde_json::to_string(&shared).unwrap(), expected);
    assert_eq!(
        serde_json::to_string(&Value::<String>::Double(-0.0)).unwrap(),
        "-0.0"
    );
    let as_value = serde_json::to_value(&updates).unwrap();
    assert_eq!(as_value[0]["pin"], 1);
}

fn text(query: &str) -> Text<'_> {
    Pairs::new(query.as_bytes())
        .next()
        .unwrap()
        .value
        .decode()
        .unwrap()
}

#[test]
fn texts_compare_by_their_decoded_form() {
    let (plus, percent) = (text("v=a+b"), text("v=a%20b"));
    assert_eq!(plus, percent);
    let (borrowed, owned) = ("a b", String::from("a b"));
    assert_eq!(plus, *borrowed);
    assert_eq!(*borrowed, plus);
    assert_eq!(plus, borrowed);
    assert_eq!(borrowed, plus);
    assert_eq!(plus, owned);
    assert_eq!(owned, plus);
    assert!(plus != "a+b" && "a+b" != percent);

    assert_eq!(HashSet::from([plus, percent, text("v=ab")]).len(), 2);
    let counted = HashMap::from([(percent, 1)]);
    assert_eq!(counted.get(&plus), Some(&1));
}
