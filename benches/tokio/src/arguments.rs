//! `--name value` pairs.
use std::str::FromStr;

pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self(words.collect())
    }

    pub(crate) fn command(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let at = self.0.iter().position(|word| word == name);
        at.map(|at| self.0.remove(at)).is_some()
    }

    pub(crate) fn value<T: FromStr>(&mut self, name: &str) -> Result<T, String> {
        let at = self.0.iter().position(|word| word == name).ok_or(format!("{name} is missing"))?;
        let value = self.0.get(at + 1).cloned().ok_or(format!("{name} needs a value"))?;
        self.0.drain(at..at + 2);
        value.parse().map_err(|_| format!("{name} {value}?"))
    }

    /// Call after the last option was taken.
    pub(crate) fn end(&self) -> Result<(), String> {
        self.0.first().map_or(Ok(()), |word| Err(format!("{word}?")))
    }
}
