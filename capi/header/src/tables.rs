//! C's enums, out of the lines that declare them in Rust: names, numbers and docs.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Token};

/// An enum of the header: its name, its docs if Rust's are not meant for it, what its constants begin with, and where they stand.
pub struct Enum {
    name: &'static str,
    docs: Option<&'static str>,
    parts: &'static [Part],
}

/// Constants out of one item of Rust's: the file in `src`, the item's name, what stands before each name, what is added to each number.
struct Part(&'static str, &'static str, &'static str, u32);

pub const ENGINE: &[Enum] = &[
    Enum {
        name: "sansocket_result",
        docs: Some(
            "What a function did. Every result but `SANSOCKET_OK` means that nothing was consumed, unmasked, written, changed or drawn\n\
             from entropy. Numbers are never reused; later versions may add some.",
        ),
        parts: &[
            Part("ffi/numbers.rs", "sansocket_result", "SANSOCKET_", 0),
            Part("error.rs", "UsageError", "SANSOCKET_USAGE_", 256),
            Part("url.rs", "UrlError", "SANSOCKET_URL_", 512),
            Part("deflate/error.rs", "InflateError", "SANSOCKET_INFLATE_", 768),
        ],
    },
    Enum {
        name: "sansocket_event_type",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_event_type", "SANSOCKET_EVENT_", 0)],
    },
    Enum {
        name: "sansocket_error",
        docs: Some(
            "The rule that the peer broke, in the field `error` of an event; 0 in the others. Numbers are never reused; later\n\
             versions may add some.",
        ),
        parts: &[Part("error.rs", "ProtocolError", "SANSOCKET_ERROR_", 0)],
    },
    Enum {
        name: "sansocket_option",
        docs: Some(
            "What `sansocket_config_set` sets, and what it is unless set. Lengths are in bytes; times in milliseconds, where 0 turns a\n\
             deadline off; 0 or 1 stands for no or yes.",
        ),
        parts: &[Part("ffi/numbers.rs", "sansocket_option", "SANSOCKET_OPTION_", 0)],
    },
    Enum { name: "sansocket_role", docs: None, parts: &[Part("role.rs", "Role", "SANSOCKET_", 1)] },
    Enum { name: "sansocket_state", docs: None, parts: &[Part("event.rs", "State", "SANSOCKET_STATE_", 0)] },
    Enum { name: "sansocket_transport", docs: None, parts: &[Part("event.rs", "Transport", "SANSOCKET_TRANSPORT_", 0)] },
    Enum { name: "sansocket_kind", docs: None, parts: &[Part("event.rs", "MessageKind", "SANSOCKET_", 0)] },
    Enum {
        name: "sansocket_level",
        docs: Some("How much a compressor spends on a short output."),
        parts: &[Part("deflate/compress/level.rs", "Level", "SANSOCKET_LEVEL_", 0)],
    },
    Enum { name: "sansocket_ping_source", docs: None, parts: &[Part("event.rs", "PingSource", "SANSOCKET_PING_", 0)] },
    Enum { name: "sansocket_end_cause", docs: None, parts: &[Part("event.rs", "EndCause", "SANSOCKET_CAUSE_", 0)] },
    Enum { name: "sansocket_origin", docs: None, parts: &[Part("ffi/numbers.rs", "sansocket_origin", "SANSOCKET_ORIGIN_", 0)] },
    Enum {
        name: "sansocket_close_code",
        docs: Some("The close codes that have a name (§7.4.1 and the registry). 3000 to 4999 are the applications' own."),
        parts: &[Part("close_code.rs", "CloseCode", "SANSOCKET_CLOSE_", 0)],
    },
    Enum { name: "sansocket_opcode", docs: None, parts: &[Part("frame/header.rs", "Opcode", "SANSOCKET_OPCODE_", 0)] },
    Enum {
        name: "sansocket_masking",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_masking", "SANSOCKET_MASKING_", 0)],
    },
];

/// Those of sessions, out of session/src.
pub const SESSION: &[Enum] = &[
    Enum {
        name: "sansocket_session_event_type",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_session_event_type", "SANSOCKET_SESSION_EVENT_", 0)],
    },
    Enum {
        name: "sansocket_session_cause",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_session_cause", "SANSOCKET_SESSION_CAUSE_", 0)],
    },
    Enum { name: "sansocket_dial_error", docs: None, parts: &[Part("cause.rs", "DialError", "SANSOCKET_DIAL_ERROR_", 0)] },
    Enum {
        name: "sansocket_redirect_error",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_redirect_error", "SANSOCKET_REDIRECT_ERROR_", 0)],
    },
    Enum {
        name: "sansocket_session_state",
        docs: None,
        parts: &[Part("event.rs", "SessionState", "SANSOCKET_SESSION_STATE_", 0)],
    },
    Enum {
        name: "sansocket_session_transport",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_session_transport", "SANSOCKET_SESSION_TRANSPORT_", 0)],
    },
    Enum {
        name: "sansocket_session_option",
        docs: None,
        parts: &[Part("ffi/numbers.rs", "sansocket_session_option", "SANSOCKET_SESSION_OPTION_", 0)],
    },
    Enum {
        name: "sansocket_session_overflow",
        docs: Some(
            "What happens to a message for which the queue has no room: the value of `SANSOCKET_SESSION_OPTION_OVERFLOW`.",
        ),
        parts: &[Part("config.rs", "Overflow", "SANSOCKET_SESSION_OVERFLOW_", 0)],
    },
];

/// Those of Socket.IO, out of socketio/src.
pub const SOCKETIO: &[Enum] = &[
    numbers("sansocket_socketio_event_type", &[Part(NUMBERS, "sansocket_socketio_event_type", "SANSOCKET_SOCKETIO_EVENT_", 0)]),
    numbers("sansocket_socketio_state", &[Part("client/slots.rs", "NamespaceState", "SANSOCKET_SOCKETIO_STATE_", 0)]),
    numbers("sansocket_socketio_reason", &[Part(NUMBERS, "sansocket_socketio_reason", "SANSOCKET_SOCKETIO_REASON_", 0)]),
    numbers("sansocket_socketio_refusal", &[Part(NUMBERS, "sansocket_socketio_refusal", "SANSOCKET_SOCKETIO_REFUSAL_", 0)]),
    numbers("sansocket_socketio_ack_error", &[Part(NUMBERS, "sansocket_socketio_ack_error", "SANSOCKET_SOCKETIO_ACK_", 0)]),
    numbers("sansocket_socketio_fault", &[Part(NUMBERS, "sansocket_socketio_fault", "SANSOCKET_SOCKETIO_FAULT_", 0)]),
    numbers("sansocket_socketio_option", &[Part(NUMBERS, "sansocket_socketio_option", "SANSOCKET_SOCKETIO_OPTION_", 0)]),
    numbers("sansocket_argument_type", &[Part(NUMBERS, "sansocket_argument_type", "SANSOCKET_ARGUMENT_", 0)]),
    numbers("sansocket_json_kind", &[Part(NUMBERS, "sansocket_json_kind", "SANSOCKET_JSON_", 0)]),
];

/// Where a C layer has its tables.
const NUMBERS: &str = "ffi/numbers.rs";

/// An enum that has its docs where it has its numbers.
const fn numbers(name: &'static str, parts: &'static [Part]) -> Enum {
    Enum { name, docs: None, parts }
}

/// The results that only sessions have.
pub const SESSION_RESULTS: Enum = numbers("sansocket_result", &[Part(NUMBERS, "session_result", "SANSOCKET_SESSION_", 0)]);

/// The results that only Socket.IO has.
pub const SOCKETIO_RESULTS: Enum = numbers("sansocket_result", &[Part(NUMBERS, "socketio_result", "SANSOCKET_SOCKETIO_", 0)]);

/// Results that one header has beside those of sansocket.h: constants of the type that that one has for results.
pub fn results(src: &Path, results: &Enum) -> Result<String, Box<dyn Error>> {
    let mut header = String::new();
    for row in results.rows(src)?.0 {
        match &row.docs[..] {
            [line] => writeln!(header, "\n/** {line} */")?,
            lines => writeln!(header, "\n/**\n * {}\n */", lines.join("\n * "))?,
        }
        writeln!(header, "#define {} ((sansocket_result){})", row.name, row.number)?;
    }
    Ok(header)
}

/// One constant.
struct Row {
    docs: Vec<String>,
    name: String,
    number: u32,
}

/// The enums as Rust that cbindgen reads. What they are linked to begins with `SANSOCKET_` and `names`.
pub fn rust(src: &Path, enums: &[Enum], names: &str) -> Result<String, Box<dyn Error>> {
    let mut rust = String::new();
    for item in enums {
        let (rows, docs) = item.rows(src)?;
        write_docs(&mut rust, &docs, names)?;
        writeln!(rust, "#[repr(C)] pub enum {} {{", item.name)?;
        for row in &rows {
            write_docs(&mut rust, &row.docs, names)?;
            writeln!(rust, "{} = {},", row.name, row.number)?;
        }
        rust += "}\n";
    }
    Ok(rust)
}

/// The enums as enum classes of C++, for include/sansocket.hpp.
pub fn cpp(src: &Path) -> Result<String, Box<dyn Error>> {
    let mut cpp = String::from(CPP_TOP);
    for item in ENGINE {
        let name = item.name.trim_start_matches("sansocket_");
        let attribute = if name == "result" { "[[nodiscard]] " } else { "" };
        writeln!(cpp, "\n/** `{}` */\nenum class {attribute}{name} : std::uint32_t {{", item.name)?;
        for row in item.rows(src)?.0 {
            // What no other result can be taken for goes by its own name.
            let prefixes = item
                .parts
                .iter()
                .map(|part| if part.2.ends_with("URL_") || part.2.ends_with("INFLATE_") { "SANSOCKET_" } else { part.2 });
            let longest =
                prefixes.filter(|prefix| row.name.starts_with(prefix)).max_by_key(|prefix| prefix.len()).unwrap_or_default();
            let name = row.name[longest.len()..].to_lowercase();
            // The one name that is a keyword.
            let name = if name == "default" { "standard".to_owned() } else { name };
            writeln!(cpp, "    {name} = {},", row.name)?;
        }
        cpp += "};\n";
    }
    Ok(cpp + "\n} // namespace sans\n\n#endif // SANSOCKET_ENUMS_HPP\n")
}

const CPP_TOP: &str = "\
/*
 * The enums of sansocket.h as enum classes, for sansocket.hpp, which includes this file. What they mean stands in sansocket.h.
 *
 * This file is generated from src by ci/header; changes belong there.
 */

#ifndef SANSOCKET_ENUMS_HPP
#define SANSOCKET_ENUMS_HPP

#include <cstdint>

#include \"sansocket.h\"

namespace sans {
";

impl Enum {
    /// Its constants by their names in C, and its docs.
    fn rows(&self, src: &Path) -> Result<(Vec<Row>, Vec<String>), Box<dyn Error>> {
        let (mut rows, mut docs) = (Vec::new(), Vec::new());
        for Part(file, item, prefix, offset) in self.parts {
            let text = std::fs::read_to_string(src.join(file))?;
            let (mut found, found_docs) = find(&syn::parse_file(&text)?, item).ok_or(format!("{file} has no {item}"))?;
            match *item {
                "sansocket_option" | "sansocket_session_option" => document_options(&src.join("config.rs"), &mut found)?,
                "sansocket_socketio_option" => document_options(&src.join("client/config.rs"), &mut found)?,
                _ => {}
            }
            if *item == "ProtocolError" {
                rows.push(Row { docs: vec!["No rule was broken.".into()], name: format!("{prefix}NONE"), number: 0 });
            }
            rows.extend(found.into_iter().map(|row| Row {
                name: format!("{prefix}{}", screaming(&row.name)),
                number: offset + row.number,
                ..row
            }));
            docs.extend(found_docs);
        }
        Ok((rows, self.docs.map_or(docs, |docs| docs.split('\n').map(str::to_owned).collect())))
    }
}

/// Gives the options the docs of Rust's settings, and their width.
fn document_options(config: &Path, options: &mut [Row]) -> Result<(), Box<dyn Error>> {
    let file = syn::parse_file(&std::fs::read_to_string(config)?)?;
    let settings = file.items.iter().find_map(|item| match item {
        Item::Macro(item) => item.mac.parse_body::<Settings>().ok(),
        _ => None,
    });
    let settings = settings.ok_or("config.rs has no settings")?.0;
    for option in options {
        let setting = settings.iter().find(|setting| setting.name == option.name.to_lowercase());
        let setting = setting.ok_or(format!("config.rs has no {}", option.name.to_lowercase()))?;
        option.docs = setting.docs.clone();
        if let (Some(last), Some(bits)) = (option.docs.last_mut(), setting.kind.strip_prefix('u')) {
            *last += &format!(" {bits} bits.");
        }
    }
    Ok(())
}

/// A row of `settings!`.
struct Setting {
    docs: Vec<String>,
    name: String,
    kind: String,
}

/// `/// Docs. \n name: type = default; ...`.
struct Settings(Vec<Setting>);

impl Parse for Settings {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut settings = Vec::new();
        while !input.is_empty() {
            let docs = docs(&input.call(Attribute::parse_outer)?);
            let name = input.parse::<syn::Ident>()?.to_string();
            input.parse::<Token![:]>()?;
            let kind = match input.parse::<syn::Type>()? {
                syn::Type::Path(kind) => kind.path.get_ident().map(ToString::to_string).unwrap_or_default(),
                _ => String::new(),
            };
            input.parse::<Token![=]>()?;
            input.parse::<Expr>()?;
            input.parse::<Token![;]>()?;
            settings.push(Setting { docs, name, kind });
        }
        Ok(Self(settings))
    }
}

/// Docs, for C instead of for Rust.
fn write_docs(rust: &mut String, docs: &[String], names: &str) -> Result<(), Box<dyn Error>> {
    let docs = for_c(&docs.join("\n"), names)?;
    docs.lines()
        .try_for_each(|line| writeln!(rust, "///{}{line}", if line.is_empty() || line.starts_with(' ') { "" } else { " " }))?;
    Ok(())
}

/// Puts C's names in the place of Rust's, which stand in links: [`Config::max_message_len`](crate::Config::max_message_len).
fn for_c(docs: &str, names: &str) -> Result<String, Box<dyn Error>> {
    let (mut text, mut rest) = (String::new(), docs);
    while let Some((before, link)) = rest.split_once("[`") {
        let (name, after) = link.split_once("`]").ok_or("a link without an end")?;
        let (path, after) = match after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            Some((path, after)) => (path.trim_start_matches("crate::").to_owned(), after),
            None => (name.to_owned(), after),
        };
        let c = match path.split_once("::") {
            // Of session/src.
            Some(("SessionConfig", option)) => format!("SANSOCKET_SESSION_OPTION_{}", option.to_uppercase()),
            Some(("SendError", error)) => format!("SANSOCKET_SESSION_{}", screaming(error)),
            Some(("Proxy", "for_url")) => "sansocket_session_config_set_proxy".to_owned(),
            None if path == "MAX_REDIRECTS" => "SANSOCKET_SESSION_MAX_REDIRECTS".to_owned(),
            Some(("Config", option)) => format!("SANSOCKET_OPTION_{}", option.to_uppercase()),
            Some(("Self", option)) => format!("SANSOCKET_{names}OPTION_{}", option.to_uppercase()),
            Some(("Connection", verb)) => format!("sansocket_{verb}"),
            Some(("Event", event)) => format!("SANSOCKET_{names}EVENT_{}", screaming(event)),
            None if path == "Buffered" => "sansocket_buffered".to_owned(),
            _ => return Err(format!("C has no name for {path}").into()),
        };
        text += &format!("{before}`{c}`");
        rest = after;
    }
    Ok(text + rest)
}

/// `MessageTooLong`: `MESSAGE_TOO_LONG`. What is in capitals stays.
fn screaming(name: &str) -> String {
    if !name.contains(|letter: char| letter.is_lowercase()) {
        return name.to_owned();
    }
    let mut screaming = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_uppercase() && before != '_' || letter.is_numeric() && !before.is_numeric() {
            screaming.push('_');
        }
        screaming.extend(letter.to_uppercase());
        before = letter;
    }
    // The one name with a digit that belongs to the word.
    screaming.replace("UTF_8", "UTF8")
}

/// The constants of an enum, of a table in a macro, or of a type that has them, and its docs.
fn find(file: &syn::File, name: &str) -> Option<(Vec<Row>, Vec<String>)> {
    file.items.iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == name => {
            let rows = item.variants.iter().map(|variant| Row {
                docs: docs(&variant.attrs),
                name: variant.ident.to_string(),
                number: variant
                    .discriminant
                    .as_ref()
                    .and_then(|(_, number)| integer(number))
                    .expect("every variant has a number"),
            });
            Some((rows.collect(), docs(&item.attrs)))
        }
        Item::Macro(item) => {
            let table: Table = item.mac.parse_body().ok()?;
            (table.name == name).then_some((table.rows, table.docs))
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let syn::Type::Path(of) = &*item.self_ty else { return None };
            let rows: Vec<Row> = item.items.iter().filter_map(named_constant).collect();
            (of.path.is_ident(name) && !rows.is_empty()).then_some((rows, Vec::new()))
        }
        _ => None,
    })
}

/// `pub const NAME: Self = Self(1000);`, whose docs begin with the number.
fn named_constant(item: &ImplItem) -> Option<Row> {
    let ImplItem::Const(item) = item else { return None };
    let Expr::Call(value) = &item.expr else { return None };
    let number = integer(value.args.first()?)?;
    let mut docs = docs(&item.attrs);
    if let Some(first) = docs.first_mut() {
        let text = first.trim_start().trim_start_matches(char::is_numeric);
        let text = text.trim_start_matches(" (registry)").trim_start_matches(": ");
        let mut letters = text.chars();
        *first = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    }
    Some(Row { docs, name: item.ident.to_string(), number })
}

fn integer(expression: &Expr) -> Option<u32> {
    match expression {
        Expr::Lit(syn::ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}

/// The lines of a doc comment, without the blank in front.
fn docs(attributes: &[Attribute]) -> Vec<String> {
    let text = |attribute: &Attribute| match &attribute.meta {
        syn::Meta::NameValue(syn::MetaNameValue { path, value: Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }), .. }) => {
            path.is_ident("doc").then(|| text.value().strip_prefix(' ').map_or_else(|| text.value(), str::to_owned))
        }
        _ => None,
    };
    attributes.iter().filter_map(text).collect()
}

/// `/// Docs. \n Name { /// Docs. \n Row = 1, "text"; ... }`: what `numbered_errors!` and `c_table!` take.
struct Table {
    docs: Vec<String>,
    name: String,
    rows: Vec<Row>,
}

impl Parse for Table {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let docs = docs(&input.call(Attribute::parse_outer)?);
        let name = input.parse::<syn::Ident>()?.to_string();
        let body;
        syn::braced!(body in input);
        let mut rows = Vec::new();
        while !body.is_empty() {
            rows.push(row(&body)?);
        }
        Ok(Self { docs, name, rows })
    }
}

fn row(body: ParseStream<'_>) -> syn::Result<Row> {
    let docs = docs(&body.call(Attribute::parse_outer)?);
    let name = body.parse::<syn::Ident>()?.to_string();
    body.parse::<Token![=]>()?;
    let number = body.parse::<syn::LitInt>()?.base10_parse()?;
    if body.parse::<Option<Token![,]>>()?.is_some() {
        body.parse::<Lit>()?;
    }
    body.parse::<Token![;]>()?;
    Ok(Row { docs, name, number })
}
