//! Scans an HTTP/1.1 head as it arrives: each byte once, however it is split, and fails at the first byte that is not allowed.

use crate::config::Config;
use crate::error::ProtocolError;
use crate::http::line::{StartLine, header_line, request_line, status_line};
use crate::http::run::{token_run, value_run};
use crate::http::token::{is_token_byte, is_value_byte};
use crate::length::{at_most, wire_len};

/// How far the scan of a head has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scan {
    /// How many bytes of the head have been scanned.
    pub(crate) scanned: u32,
    /// How many bytes of the current part of the start line have been scanned.
    run: u32,
    /// Header lines, the current one included.
    lines: u16,
    part: Part,
    /// Complete heads before this one: interim responses.
    pub(crate) heads: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    RequestStart,
    /// After the CR of the empty line that RFC 9112 §2.2 allows before a request.
    EmptyLineEnd,
    Method,
    Target,
    RequestVersion,
    StatusVersion,
    StatusCode,
    Reason,
    LineEnd,
    LineStart,
    Name,
    Value,
    HeadEnd,
}

const VERSION: &[u8] = b"HTTP/1.";

/// Whether whole lines are looked at together. Where registers are short that is no quicker, and more code.
const BY_LINES: bool = cfg!(target_pointer_width = "64");

impl Scan {
    pub(crate) const REQUEST: Self = Self { scanned: 0, run: 0, lines: 0, part: Part::RequestStart, heads: 0 };
    pub(crate) const RESPONSE: Self = Self { scanned: 0, run: 0, lines: 0, part: Part::StatusVersion, heads: 0 };

    /// The scan after an interim response.
    pub(crate) const fn next_response(self) -> Self {
        Self { heads: self.heads.saturating_add(1), ..Self::RESPONSE }
    }

    /// Whether [`advance`](Self::advance) will show every header line of a head that it finds complete: it has not begun.
    pub(crate) const fn shows_all(self) -> bool {
        BY_LINES && self.scanned == 0
    }

    /// Resumes where it stopped. `input` starts with the head's first byte. `Some(length of the head)` once it is complete. `start`
    /// takes the start line and `note` the name and the value of each header line that the call finds whole; what began in an earlier call
    /// they do not.
    pub(crate) fn advance<'i>(
        &mut self,
        input: &'i [u8],
        config: &Config<'_>,
        note: &mut dyn FnMut(&'i [u8], &'i [u8]),
        start: &mut StartLine,
    ) -> Result<Option<usize>, ProtocolError> {
        let rest = input.get(usize::try_from(self.scanned).unwrap_or(usize::MAX)..).unwrap_or_default();
        let left = at_most(u64::from(config.max_head_len.saturating_sub(self.scanned)), rest.len());
        let mut rest = rest.get(..left).unwrap_or_default();
        loop {
            let after = if BY_LINES { self.skip(rest, config, note, start) } else { rest };
            self.note_scanned(rest.len().saturating_sub(after.len()));
            let Some((&byte, tail)) = after.split_first() else { break };
            let was = self.part;
            self.part = self.step(byte, config)?;
            self.run = if self.part == was { self.run.saturating_add(1) } else { 0 };
            self.note_scanned(1);
            rest = tail;
            if was == Part::HeadEnd {
                return Ok(usize::try_from(self.scanned).ok());
            }
        }
        // Raised at the last byte that the limit allows, so that a caller whose buffer is as long as the limit never waits for room.
        if self.scanned >= config.max_head_len { Err(ProtocolError::HeadTooLong) } else { Ok(None) }
    }

    fn note_scanned(&mut self, len: usize) {
        self.scanned = self.scanned.saturating_add(u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// What is left of `rest` after whole lines, and after the part of a line that needs no look byte by byte.
    fn skip<'i>(
        &mut self,
        rest: &'i [u8],
        config: &Config<'_>,
        note: &mut dyn FnMut(&'i [u8], &'i [u8]),
        start: &mut StartLine,
    ) -> &'i [u8] {
        match self.part {
            Part::RequestStart | Part::StatusVersion if self.run == 0 => {
                let is_short = |line: &StartLine| line.first <= 32 && wire_len(line.second_len) <= config.max_target_len.into();
                let is_request = self.part == Part::RequestStart;
                let line = if is_request { request_line(rest).filter(is_short) } else { status_line(rest) };
                let Some((line, after)) = line.and_then(|line| Some((line, rest.get(line.len..)?))) else { return rest };
                *start = line;
                self.skip_lines(after, config, note)
            }
            Part::LineStart => self.skip_lines(rest, config, note),
            Part::Name => self.skip_run(rest, token_run(rest), b":", Part::Value),
            Part::Value => self.skip_run(rest, value_run(rest), b"\r\n", Part::LineStart),
            _ => rest,
        }
    }

    /// Skips the header lines that are whole.
    fn skip_lines<'i>(&mut self, mut rest: &'i [u8], config: &Config<'_>, note: &mut dyn FnMut(&'i [u8], &'i [u8])) -> &'i [u8] {
        self.part = Part::LineStart;
        self.run = 0;
        while self.lines < config.max_header_lines {
            let Some((line, after)) = header_line(rest) else { break };
            note(line.name, line.value);
            self.lines = self.lines.saturating_add(1);
            rest = after;
        }
        rest
    }

    /// Skips `run` bytes of the current part, and its `end`, to which the part `next` follows.
    fn skip_run<'i>(&mut self, rest: &'i [u8], run: usize, end: &[u8], next: Part) -> &'i [u8] {
        let rest = rest.get(run..).unwrap_or_default();
        let Some(after) = rest.strip_prefix(end) else { return rest };
        self.part = next;
        after
    }

    /// The part that `byte` leads to. `run` bytes of the current part came before it, if that is one of the start line.
    fn step(&mut self, byte: u8, config: &Config<'_>) -> Result<Part, ProtocolError> {
        use ProtocolError as E;
        let run = usize::try_from(self.run).unwrap_or(usize::MAX);
        Ok(match (self.part, byte) {
            (Part::RequestStart, b'\r') if self.scanned == 0 => Part::EmptyLineEnd,
            (Part::EmptyLineEnd, b'\n') => Part::RequestStart,
            (Part::RequestStart | Part::Method, byte) if is_token_byte(byte) && run < 32 => Part::Method,
            (Part::Method, b' ') => Part::Target,
            // RFC 9112 §3.2: a target is ASCII without blanks.
            (Part::Target, 0x21..=0x7E) if self.run >= config.max_target_len => return Err(E::TargetTooLong),
            (Part::Target, 0x21..=0x7E) => Part::Target,
            (Part::Target, b' ') if run > 0 => Part::RequestVersion,
            (Part::RequestVersion, byte) if is_version_byte(run, byte) => Part::RequestVersion,
            (Part::RequestVersion, b'\r') if run > VERSION.len() => Part::LineEnd,
            (Part::RequestStart | Part::EmptyLineEnd | Part::Method | Part::Target | Part::RequestVersion, _) => {
                return Err(E::InvalidRequestLine);
            }

            (Part::StatusVersion, byte) if is_version_byte(run, byte) => Part::StatusVersion,
            (Part::StatusVersion, b' ') if run > VERSION.len() => Part::StatusCode,
            (Part::StatusCode, b'0'..=b'9') if run < 3 => Part::StatusCode,
            (Part::StatusCode, b' ') if run == 3 => Part::Reason,
            // HT-20: some servers leave out the space before an empty reason.
            (Part::StatusCode, b'\r') if run == 3 => Part::LineEnd,
            (Part::StatusVersion | Part::StatusCode, _) => return Err(E::InvalidStatusLine),
            (Part::Reason, b'\r') => Part::LineEnd,
            (Part::Reason, byte) if is_value_byte(byte) => Part::Reason,
            (Part::Reason, _) => return Err(E::InvalidStatusLine),

            (Part::LineEnd, b'\n') => Part::LineStart,
            (Part::HeadEnd, b'\n') => Part::HeadEnd,
            (Part::LineEnd | Part::HeadEnd, _) => return Err(E::InvalidLineEnd),
            (Part::LineStart, b'\r') => Part::HeadEnd,
            (Part::LineStart, b' ' | b'\t') => return Err(E::FoldedHeaderLine),
            (Part::LineStart, byte) if is_token_byte(byte) => {
                if self.lines >= config.max_header_lines {
                    return Err(E::TooManyHeaderLines);
                }
                self.lines = self.lines.saturating_add(1);
                Part::Name
            }
            (Part::Name, byte) if is_token_byte(byte) => Part::Name,
            (Part::Name, b':') => Part::Value,
            // RFC 9112 §2.2 allows a bare LF as a line end. We do not: a proxy in between could then see another head.
            (Part::LineStart | Part::Value, b'\n') => return Err(E::InvalidLineEnd),
            (Part::LineStart | Part::Name, _) => return Err(E::InvalidHeaderName),
            (Part::Value, b'\r') => Part::LineEnd,
            (Part::Value, byte) if is_value_byte(byte) => Part::Value,
            (Part::Value, _) => return Err(E::InvalidHeaderValue),
        })
    }
}

/// `HTTP/1.` and a digit (RFC 9112 §2.3), at position `run`.
fn is_version_byte(run: usize, byte: u8) -> bool {
    match VERSION.get(run) {
        Some(&expected) => byte == expected,
        None => run == VERSION.len() && byte.is_ascii_digit(),
    }
}
