//! Reads an object where one is wanted. By itself a struct is also read from a list of its values,
//! in an order that nobody promised: whoever sends a list has made a mistake.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// Reads an object.
///
/// # Errors
///
/// When it is something else, or does not fit.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_map(Object(PhantomData))
}

/// Reads an object, or nothing.
///
/// # Errors
///
/// When it is something else, or does not fit.
pub fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    from.deserialize_option(Optional(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct Optional<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Optional<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or null")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Option<T>, D::Error> {
        object(from).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Line {
        #[serde(deserialize_with = "object")]
        from: Point,
        #[serde(default, deserialize_with = "optional")]
        to: Option<Point>,
    }

    #[test]
    fn a_list_is_no_object() {
        let read = |text| serde_json::from_str::<Line>(text).map_err(|error| error.to_string());
        let line = Line { from: Point { x: 1 }, to: None };
        assert_eq!(read(r#"{"from":{"x":1},"to":null}"#), Ok(line));
        assert_eq!(read(r#"{"from":{"x":1},"to":{"x":2}}"#).unwrap().to, Some(Point { x: 2 }));
        for wrong in [r#"{"from":[1]}"#, r#"{"from":{"x":1},"to":[2]}"#, r#"{"from":null}"#] {
            assert!(read(wrong).unwrap_err().contains("expected an object"), "{wrong}");
        }
    }
}
