//! The arguments of what is sent.

use bytes::Bytes;
use core::fmt;
use sansocket_socketio::NeedsRoom;
use sansocket_socketio::json::escape;

/// The arguments of an event or of an answer, one after the other. A string alone is one text: `emit("say", "Hello")`; `()` is none.
///
/// ```
/// use sansocket_tokio::socketio::client::Args;
///
/// let args = Args::new().text("cat \"Tom\"").number(-3).json(r#"{"a":[1]}"#).binary(vec![1, 2, 3]);
/// assert_eq!(args.as_json(), r#"["cat \"Tom\"",-3,{"a":[1]},{"_placeholder":true,"num":0}]"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Args {
    /// An array.
    json: String,
    attachments: Vec<Bytes>,
}

impl Args {
    /// None.
    pub fn new() -> Self {
        Self { json: "[]".to_owned(), attachments: Vec::new() }
    }

    /// All at once: a JSON array, such as `serde_json` makes of a tuple. It is checked when it is sent.
    pub fn from_json(array: impl Into<String>) -> Self {
        Self { json: array.into(), attachments: Vec::new() }
    }

    /// And a string.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        let mut room = vec![0; text.len().saturating_add(2)];
        if let Err(NeedsRoom { bytes }) = escape(text, &mut room) {
            room.resize(bytes, 0);
        }
        if let Ok(json) = escape(text, &mut room) {
            self.push(json);
        }
        self
    }

    /// And a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.push(&number.to_string());
        self
    }

    /// And any JSON. It is checked when it is sent.
    #[must_use]
    pub fn json(mut self, json: &str) -> Self {
        self.push(json);
        self
    }

    /// And bytes, which follow as an attachment.
    #[must_use]
    pub fn binary(mut self, bytes: impl Into<Bytes>) -> Self {
        self.push(&format!(r#"{{"_placeholder":true,"num":{}}}"#, self.attachments.len()));
        self.attachments.push(bytes.into());
        self
    }

    /// And bytes that have no place of their own: `{"_placeholder":true,"num":0}` in some [`json`](Self::json) is the place of the first.
    #[must_use]
    pub fn attachment(mut self, bytes: impl Into<Bytes>) -> Self {
        self.attachments.push(bytes.into());
        self
    }

    fn push(&mut self, json: &str) {
        // The array's end, after what may be a blank.
        if let Some(end) = self.json.rfind(']') {
            self.json.truncate(end);
        }
        if self.json.trim_start().len() > 1 {
            self.json.push(',');
        }
        self.json.push_str(json);
        self.json.push(']');
    }

    /// The array.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    pub(super) fn attachments(&self) -> Vec<&[u8]> {
        self.attachments.iter().map(|bytes| &**bytes).collect()
    }
}

impl Default for Args {
    fn default() -> Self {
        Self::new()
    }
}

impl From<()> for Args {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl From<&str> for Args {
    fn from(text: &str) -> Self {
        Self::new().text(text)
    }
}

impl From<&String> for Args {
    fn from(text: &String) -> Self {
        Self::new().text(text)
    }
}

impl From<String> for Args {
    fn from(text: String) -> Self {
        Self::new().text(&text)
    }
}

impl From<i64> for Args {
    fn from(number: i64) -> Self {
        Self::new().number(number)
    }
}

impl From<Bytes> for Args {
    fn from(bytes: Bytes) -> Self {
        Self::new().binary(bytes)
    }
}

impl From<Vec<u8>> for Args {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new().binary(bytes)
    }
}

/// Shows lengths, not what is sent.
impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Args").field("json", &self.json.len()).field("attachments", &self.attachments.len()).finish()
    }
}
