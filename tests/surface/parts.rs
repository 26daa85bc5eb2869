//! Datastreams from parts and to parts.

use std::collections::BTreeSet;

use pinquery::{Datastream, DatastreamError, DatastreamParts, Number};
use pinquery_test_support::encoding::other_cases;
use pinquery_test_support::{notation, types};

/// Datastreams of every type, with every field.
fn datastreams() -> Vec<Datastream> {
    let template = notation::template(&types::FUZZ_TEMPLATE.join(" ")).unwrap();
    let datastreams = template.values().map(|datastream| datastream.build());
    let mut datastreams: Vec<_> = datastreams.map(Result::unwrap).collect();
    datastreams.extend([
        Datastream::integer(-5..).unwrap(),
        Datastream::integer(i64::MIN..=i64::MAX).unwrap(),
        Datastream::double(..).unwrap(),
        Datastream::double(-5.0..=0.5).unwrap(),
        Datastream::double(-0.0..=f64::MAX).unwrap(),
        Datastream::string(),
        Datastream::string_up_to(0),
        Datastream::enumerable([7, -1]).unwrap(),
        Datastream::enumerable_or([0, 20, 130], 20).unwrap(),
    ]);
    datastreams
}

/// Sets a field to a value that is valid for every type that has it.
fn set(parts: &mut DatastreamParts<'_>, field: &str) {
    match field {
        "min" => parts.min = Some(Number::from(-5)),
        "max" => parts.max = Some(Number::from(5)),
        "max_len" => parts.max_len = Some(4),
        "values" => parts.values = Some(&[1, 7]),
        "fallback" => parts.fallback = Some(7),
        _ => panic!("set the field `{field}` here"),
    }
}

/// Returns the fields that are present.
fn fields(parts: &DatastreamParts<'_>) -> Vec<&'static str> {
    let is_present = |field: &str| match field {
        "min" => parts.min.is_some(),
        "max" => parts.max.is_some(),
        "max_len" => parts.max_len.is_some(),
        "values" => parts.values.is_some(),
        "fallback" => parts.fallback.is_some(),
        _ => panic!("read the field `{field}` here"),
    };
    let fields = Datastream::FIELDS.iter().copied();
    fields.filter(|field| is_present(field)).collect()
}

/// Returns the fields of a type, in the order of `Datastream::FIELDS`.
fn fields_of(type_name: &str) -> Vec<&'static str> {
    let datastreams = datastreams();
    let of_type = datastreams
        .iter()
        .filter(|built| built.type_name() == type_name);
    let present: BTreeSet<_> = of_type
        .flat_map(|built| fields(&built.to_parts()))
        .collect();
    let fields = Datastream::FIELDS.iter().copied();
    fields.filter(|field| present.contains(field)).collect()
}

#[test]
fn every_type_round_trips_through_parts() {
    let mut types = BTreeSet::new();
    let mut present = BTreeSet::new();
    for datastream in datastreams() {
        let parts = datastream.to_parts();
        assert_eq!(parts.type_name, datastream.type_name());
        assert_eq!(Datastream::from_parts(&parts), Ok(datastream.clone()));
        assert_eq!(
            Datastream::from_parts(&parts).unwrap().to_parts(),
            datastream.to_parts()
        );
        types.insert(datastream.type_name());
        present.extend(fields(&parts));
    }
    assert_eq!(
        types,
        BTreeSet::from_iter(Datastream::TYPES.iter().copied())
    );
    assert_eq!(
        present,
        BTreeSet::from_iter(Datastream::FIELDS.iter().copied())
    );
}

#[test]
fn every_field_applies_to_its_types_only() {
    for type_name in Datastream::TYPES {
        let mut all = DatastreamParts::new(type_name);
        fields_of(type_name)
            .iter()
            .for_each(|field| set(&mut all, field));
        assert_eq!(
            Datastream::from_parts(&all).map(|built| fields(&built.to_parts())),
            Ok(fields_of(type_name))
        );
        for field in Datastream::FIELDS {
            if fields_of(type_name).contains(field) {
                continue;
            }
            let mut parts = all;
            set(&mut parts, field);
            let error = DatastreamError::ForeignField(field);
            assert_eq!(Datastream::from_parts(&parts), Err(error), "{type_name}");
        }
    }
}

#[test]
fn the_first_error_of_parts_is_that_of_the_type() {
    let build = |type_name, fields: &[&str]| {
        let mut parts = DatastreamParts::new(type_name);
        fields.iter().for_each(|field| set(&mut parts, field));
        Datastream::from_parts(&parts)
    };
    let foreign = DatastreamError::ForeignField("max");
    assert_eq!(build("boolean", &["fallback", "max"]), Err(foreign));
    assert_eq!(build("int", &["max"]), Err(DatastreamError::UnknownType));
    assert_eq!(
        build("enumerable", &["max"]),
        Err(DatastreamError::NoValues)
    );
}

#[test]
fn missing_fields_use_defaults() {
    let build = |type_name| Datastream::from_parts(&DatastreamParts::new(type_name));
    assert_eq!(build("integer"), Datastream::integer(..));
    assert_eq!(build("double"), Datastream::double(..));
    assert_eq!(build("string"), Ok(Datastream::string()));
    assert_eq!(build("enumerable"), Err(DatastreamError::NoValues));
    assert_eq!(build("boolean"), Ok(Datastream::boolean()));
    assert_eq!(build("location"), Ok(Datastream::location()));
    assert_eq!(DatastreamParts::default(), DatastreamParts::new(""));
}

#[test]
fn names_of_types_are_case_sensitive() {
    let others = Datastream::TYPES.iter().flat_map(|name| other_cases(name));
    for unknown in others.chain(["", "int", "text"].map(str::to_owned)) {
        let built = Datastream::from_parts(&DatastreamParts::new(&unknown));
        assert_eq!(built, Err(DatastreamError::UnknownType), "{unknown}");
    }
}

#[test]
fn parts_are_validated_like_constructor_arguments() {
    use DatastreamError as E;

    let mut parts = DatastreamParts::new("integer");
    parts.min = Some(Number::from(-5));
    assert_eq!(Datastream::from_parts(&parts), Datastream::integer(-5..));
    parts.max = Some(Number::from(100.0));
    assert_eq!(
        Datastream::from_parts(&parts),
        Datastream::integer(-5..=100)
    );
    parts.max = Some(Number::from(0.5));
    assert_eq!(Datastream::from_parts(&parts), Err(E::BoundNotAnInteger));
    parts.max = Some(Number::from(-6));
    assert_eq!(Datastream::from_parts(&parts), Err(E::MinAboveMax));

    parts.type_name = "double";
    assert_eq!(Datastream::from_parts(&parts), Err(E::MinAboveMax));
    for bound in [f64::NAN, f64::INFINITY] {
        parts.max = Some(Number::from(bound));
        assert_eq!(Datastream::from_parts(&parts), Err(E::BoundNotFinite));
    }
    parts.max = Some(Number::from(0.5));
    assert_eq!(
        Datastream::from_parts(&parts),
        Datastream::double(-5.0..=0.5)
    );

    let mut parts = DatastreamParts::new("enumerable");
    parts.values = Some(&[]);
    assert_eq!(Datastream::from_parts(&parts), Err(E::NoValues));
    parts.values = Some(&[7, 1]);
    parts.fallback = Some(7);
    assert_eq!(
        Datastream::from_parts(&parts),
        Datastream::enumerable_or([1, 7], 7)
    );
    parts.fallback = Some(0);
    assert_eq!(Datastream::from_parts(&parts), Err(E::FallbackNotAValue));
}

#[test]
fn numbers_are_integers_if_they_fit_an_i64() {
    const TWO_TO_THE_63: f64 = 9_223_372_036_854_775_808.0;

    assert_eq!(Number::from(-1.0), Number::Integer(-1));
    assert_eq!(Number::from(-TWO_TO_THE_63), Number::Integer(i64::MIN));
    for number in [0.5, TWO_TO_THE_63, -1e300, f64::INFINITY] {
        assert_eq!(Number::from(number), Number::Double(number));
    }
}
