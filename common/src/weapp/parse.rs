//! Parses a list entry by entry; at no time more than one entry's numbers are in memory.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::{MAX_DEPTH, MAX_TEXT, NotCanvasActions};
use crate::drawing::MAX_POINTS;
use crate::json_text::repair_surrogates;

/// The arguments of an entry or a step, in their places, as numbers: true and false are 1 and 0, other values are NaN.
/// No method takes more than six.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbers {
    values: [f64; 6],
    len: usize,
}

impl Numbers {
    fn push(&mut self, value: f64) {
        if let Some(place) = self.values.get_mut(self.len) {
            *place = value;
            self.len += 1;
        }
    }

    /// The first `N` numbers, if there are so many and all are finite.
    pub(super) fn first<const N: usize>(&self) -> Option<[f64; N]> {
        let first = *self.values.get(..self.len)?.first_chunk()?;
        first.iter().all(|value| value.is_finite()).then_some(first)
    }

    /// Tells whether there is a number at an index that is neither 0 nor NaN.
    pub(super) fn truthy(&self, place: usize) -> bool {
        self.values.get(place).is_some_and(|value| *value != 0.0 && !value.is_nan())
    }
}

/// A method that adds to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    MoveTo,
    LineTo,
    Quadratic,
    Bezier,
    Arc,
    Rect,
    Close,
}

impl Op {
    pub(super) fn parse(method: &str) -> Option<Self> {
        Some(match method {
            "moveTo" => Self::MoveTo,
            "lineTo" => Self::LineTo,
            "quadraticCurveTo" => Self::Quadratic,
            "bezierCurveTo" => Self::Bezier,
            "arc" => Self::Arc,
            "rect" => Self::Rect,
            "closePath" => Self::Close,
            _ => return None,
        })
    }
}

/// One step of a path: a method and its arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) op: Op,
    pub(super) numbers: Numbers,
}

/// One entry of a list.
#[derive(Debug, Default)]
pub(super) struct Entry<'t> {
    pub(super) method: Cow<'t, str>,
    pub(super) data: Data<'t>,
}

/// An entry's `data`, by type.
#[derive(Debug, Default)]
pub(super) struct Data<'t> {
    /// The numbers, at their indices.
    pub(super) numbers: Numbers,
    /// The first text.
    pub(super) text: Option<Cow<'t, str>>,
    /// The first array's numbers.
    pub(super) list: Option<Numbers>,
    /// The steps, at most [`MAX_POINTS`].
    pub(super) steps: Vec<Step>,
}

/// Calls `each` with every entry of a list, up to the first malformed one.
pub(super) fn each_entry(text: &str, each: impl FnMut(Entry<'_>)) -> Result<(), NotCanvasActions> {
    let refuse = |why: String| Err(NotCanvasActions(why));
    if text.len() > MAX_TEXT {
        return refuse(format!("it is longer than {MAX_TEXT} bytes"));
    }
    if depth(text) > MAX_DEPTH {
        return refuse(format!("it is nested deeper than {MAX_DEPTH} levels"));
    }
    let mut problem = Cow::Borrowed("it is not a JSON array");
    // JavaScript reads half an emoji, serde_json does not.
    let repaired = repair_surrogates(text);
    let mut json = serde_json::Deserializer::from_str(&repaired);
    let read = List { each, problem: &mut problem }.deserialize(&mut json).and_then(|()| json.end());
    match read.map_err(|error| error.classify()) {
        Ok(()) => Ok(()),
        Err(Category::Data) => refuse(problem.into_owned()),
        Err(Category::Syntax | Category::Eof | Category::Io) => refuse("it is not JSON".to_owned()),
    }
}

/// The deepest nesting of brackets outside strings, so that a deep text is refused before it is parsed.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Deserializes the list. `problem` describes the fault if it fails for another reason than JSON's syntax.
struct List<'p, F> {
    each: F,
    problem: &'p mut Cow<'static, str>,
}

impl<'t, F: FnMut(Entry<'t>)> DeserializeSeed<'t> for List<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'t, F: FnMut(Entry<'t>)> Visitor<'t> for List<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while let Some(entry) = seq.next_element_seed(EntrySeed { index, problem: self.problem })? {
            (self.each)(entry);
            index += 1;
        }
        Ok(())
    }
}

struct EntrySeed<'p> {
    index: usize,
    problem: &'p mut Cow<'static, str>,
}

impl<'t> DeserializeSeed<'t> for EntrySeed<'_> {
    type Value = Entry<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Entry<'t>, D::Error> {
        *self.problem = format!("entry {} is not an object", self.index).into();
        deserializer.deserialize_map(self)
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Method,
    Data,
    #[serde(other)]
    Other,
}

impl<'t> Visitor<'t> for EntrySeed<'_> {
    type Value = Entry<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Entry<'t>, A::Error> {
        let (mut method, mut data) = (None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Method => match map.next_value()? {
                    Item::Text(text) => method = Some(text),
                    Item::Number(_) | Item::Numbers(_) | Item::Step(_) | Item::Nothing => method = None,
                },
                Key::Data => {
                    *self.problem = format!("the data of entry {} is not an array", self.index).into();
                    data = Some(map.next_value()?);
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let lacking = if method.is_none() { "method" } else { "data" };
        *self.problem = format!("entry {} has no {lacking}", self.index).into();
        match (method, data) {
            (Some(method), Some(data)) => Ok(Entry { method, data }),
            (None, _) | (_, None) => Err(A::Error::custom("incomplete")),
        }
    }
}

impl<'t> Deserialize<'t> for Data<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor;

        impl<'t> Visitor<'t> for DataVisitor {
            type Value = Data<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<Data<'t>, A::Error> {
                let mut data = Data::default();
                while let Some(item) = seq.next_element()? {
                    data.numbers.push(if let Item::Number(number) = item { number } else { f64::NAN });
                    match item {
                        Item::Text(text) => data.text = data.text.or(Some(text)),
                        Item::Numbers(numbers) => data.list = data.list.or(Some(numbers)),
                        Item::Step(step) if data.steps.len() < MAX_POINTS => data.steps.push(step),
                        Item::Step(_) | Item::Number(_) | Item::Nothing => {}
                    }
                }
                Ok(data)
            }
        }

        deserializer.deserialize_seq(DataVisitor)
    }
}

/// A JSON value, reduced to the parts that a canvas can use. Recursion is bounded by [`MAX_DEPTH`].
enum Item<'t> {
    Number(f64),
    Text(Cow<'t, str>),
    Numbers(Numbers),
    Step(Step),
    Nothing,
}

impl<'t> Deserialize<'t> for Item<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'t> Visitor<'t> for ItemVisitor {
    type Value = Item<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Item<'t>, E> {
        Ok(Item::Number(f64::from(u8::from(value))))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Item<'t>, E> {
        Ok(Item::Number(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Item<'t>, E> {
        Ok(Item::Number(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Item<'t>, E> {
        Ok(Item::Number(value))
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'t str) -> Result<Item<'t>, E> {
        Ok(Item::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Item<'t>, E> {
        Ok(Item::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Item<'t>, E> {
        Ok(Item::Nothing)
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<Item<'t>, A::Error> {
        let mut numbers = Numbers::default();
        while let Some(item) = seq.next_element()? {
            numbers.push(if let Item::Number(number) = item { number } else { f64::NAN });
        }
        Ok(Item::Numbers(numbers))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Item<'t>, A::Error> {
        let (mut op, mut numbers) = (None, Numbers::default());
        while let Some(key) = map.next_key()? {
            match (key, map.next_value()?) {
                (Key::Method, Item::Text(method)) => op = Op::parse(&method),
                (Key::Data, Item::Numbers(data)) => numbers = data,
                (Key::Method | Key::Data | Key::Other, _) => {}
            }
        }
        Ok(op.map_or(Item::Nothing, |op| Item::Step(Step { op, numbers })))
    }
}
