//! JSON (RFC 8259) that stays where it is: checked, walked and compared without a heap and without recursion.
//!
//! A [`Value`] is a slice of a text that was checked once; items, members and strings are found in it when they are asked for. Walking is
//! cheap but not free: [`Value::get`] reads the whole object. Nothing is decoded that is not asked for, numbers stay texts.
//!
//! ```
//! use sansocket_socketio::json::Value;
//!
//! let value = Value::parse(r#"{"name":"sensor","readings":[1,2.5,-3e2]}"#)?;
//! assert_eq!(value.get("name").and_then(|name| name.text()).unwrap(), "sensor");
//! let readings: Vec<f64> = value.get("readings").unwrap().items().map(|item| item.as_json().parse().unwrap()).collect();
//! assert_eq!(readings, [1.0, 2.5, -300.0]);
//! # Ok::<(), sansocket_socketio::json::JsonError>(())
//! ```

mod check;
mod cursor;
mod text;

pub use check::{JsonError, MAX_DEPTH};
pub use text::{Chars, Text, escape};

pub(crate) use check::check;
pub(crate) use cursor::Cursor;
pub(crate) use text::write_escaped;

/// The largest number that JavaScript counts to without a gap, 2^53 - 1 (RFC 8259 §6).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// What a [`Value`] is (RFC 8259 §3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A JSON value, as it stands in its text, without blanks around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value<'a> {
    json: &'a str,
}

impl<'a> Value<'a> {
    /// Checks `json`, which is one value with blanks around it or not.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(json: &'a str) -> Result<Self, JsonError> {
        Self::parse_within(json, MAX_DEPTH)
    }

    /// The same for a value that is nested in others.
    pub(crate) fn parse_within(json: &'a str, max_depth: u32) -> Result<Self, JsonError> {
        Ok(Self { json: check(json, max_depth)? })
    }

    /// From a slice of a text that was checked. Of any other text nothing can be trusted, but nothing panics either.
    pub(crate) const fn checked(json: &'a str) -> Self {
        Self { json }
    }

    /// The value as it stands in its text.
    pub const fn as_json(&self) -> &'a str {
        self.json
    }

    /// What it is.
    pub fn kind(&self) -> ValueKind {
        match self.json.as_bytes().first() {
            Some(b'"') => ValueKind::Text,
            Some(b'[') => ValueKind::Array,
            Some(b'{') => ValueKind::Object,
            Some(b't' | b'f') => ValueKind::Bool,
            Some(b'n') => ValueKind::Null,
            _ => ValueKind::Number,
        }
    }

    /// The string, if it is one.
    pub fn text(&self) -> Option<Text<'a>> {
        let mut cursor = Cursor::new(self.json);
        cursor.eat(b'"').then(|| Text::checked(cursor.string_rest()))
    }

    /// The number, if it is one of plain digits, without a sign, a fraction or an exponent, and at most [`MAX_SAFE_INTEGER`].
    pub fn as_u64(&self) -> Option<u64> {
        digits(self.json)
    }

    /// `true` or `false`, if it is one of them.
    pub fn as_bool(&self) -> Option<bool> {
        match self.json {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The items of an array, in order. Of anything else, none.
    pub fn items(&self) -> Items<'a> {
        let mut cursor = Cursor::new(self.json);
        let is_over = !cursor.eat(b'[');
        Items { cursor, is_over }
    }

    /// The members of an object, in order. Of anything else, none.
    pub fn members(&self) -> Members<'a> {
        let mut cursor = Cursor::new(self.json);
        let is_over = !cursor.eat(b'{');
        Members { cursor, is_over }
    }

    /// The value of the member with this name, which is compared without its escapes. Of several the last, as in JSON.parse.
    pub fn get(&self, name: &str) -> Option<Self> {
        self.members().filter(|(key, _)| key == name).last().map(|(_, value)| value)
    }
}

/// Plain digits, if there is at least one and the number is at most [`MAX_SAFE_INTEGER`].
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let digit = char::from(byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into()).filter(|&number| number <= MAX_SAFE_INTEGER)
    })
}

/// The items of an array.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    cursor: Cursor<'a>,
    is_over: bool,
}

impl Items<'_> {
    pub(crate) const fn none() -> Self {
        Self { cursor: Cursor::new(""), is_over: true }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        value(&mut self.cursor, &mut self.is_over)
    }
}

/// The members of an object: names and values.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    cursor: Cursor<'a>,
    is_over: bool,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.cursor.skip_blanks();
        if !self.cursor.eat(b'"') {
            self.is_over = true;
            return None;
        }
        let key = Text::checked(self.cursor.string_rest());
        self.cursor.skip_blanks();
        self.cursor.eat(b':');
        value(&mut self.cursor, &mut self.is_over).map(|value| (key, value))
    }
}

/// The next value of an array or object, with the comma after it.
fn value<'a>(cursor: &mut Cursor<'a>, is_over: &mut bool) -> Option<Value<'a>> {
    if *is_over {
        return None;
    }
    let json = cursor.value();
    cursor.skip_blanks();
    *is_over = !cursor.eat(b',');
    (!json.is_empty()).then_some(Value { json })
}
