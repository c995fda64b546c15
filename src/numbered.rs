//! Errors and causes without data, from one table: the enum, the numbers that C shares, and the texts of both.

/// Declares a fieldless enum: each variant with its docs, its number and its text. The C header is made from the same lines
/// (`capi/header`).
macro_rules! numbered {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal, $text:literal;)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant = $number,)* }

        impl $name {
            /// Every variant, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands for the variant in C. A number is never used again for another rule.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// One sentence without a full stop, in lower case.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The text of the variant with this number, as C takes it.
            #[cfg(feature = "ffi")]
            pub(crate) const fn c_text(number: u32) -> Option<&'static core::ffi::CStr> {
                let text = match number { $($number => concat!($text, "\0"),)* _ => return None };
                match core::ffi::CStr::from_bytes_with_nul(text.as_bytes()) {
                    Ok(text) => Some(text),
                    Err(_) => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

pub(crate) use numbered;
