//! What the targets above the packets of Socket.IO say to each other: texts that are nearly right, and those of the input.

/// What a peer may say, as a message of Engine.IO: one of 32 packets, in one of eight namespaces. `@` stands for the namespace.
pub(crate) fn packet(by: u8) -> String {
    let namespaces = ["", "", "/a,", "/a,", "/none,", "/later,", "/a?b,", "/,"];
    PACKETS[usize::from(by % 32)].replace('@', namespaces[usize::from(by / 32)])
}

const PACKETS: [&str; 32] = [
    "40@",
    r#"40@{"sid":"s"}"#,
    r#"40@{"sid":"s","pid":"p"}"#,
    "41@",
    r#"42@["x"]"#,
    r#"42@["x","offset"]"#,
    r#"42@7["x",1]"#,
    "43@0[0]",
    r#"43@1["y"]"#,
    "43@2[]",
    r#"44@{"message":"m"}"#,
    r#"451-@["x",{"_placeholder":true,"num":0}]"#,
    r#"452-@3["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
    r#"461-@0[{"_placeholder":true,"num":0}]"#,
    r#"461-@1[{"_placeholder":true,"num":0}]"#,
    "2",
    "3",
    "1",
    "6",
    "5",
    "2probe",
    "3probe",
    r#"0{"sid":"e f","upgrades":["websocket"],"pingInterval":50,"pingTimeout":40,"maxPayload":60}"#,
    r#"0{"sid":"e","upgrades":[],"pingInterval":50,"pingTimeout":40}"#,
    "4",
    "",
    "7",
    "bAQID",
    "bA",
    r#"42@["m""#,
    "4hello\u{1e}2",
    "43@9007199254740991[]",
];

/// The lines of a wire, one after the other; then empty ones.
pub(crate) struct Lines<'d>(pub(crate) &'d [u8]);

impl<'d> Lines<'d> {
    pub(crate) fn next(&mut self) -> &'d [u8] {
        let end = self.0.iter().position(|&byte| byte == b'\n').unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        line
    }

    pub(crate) fn next_text(&mut self) -> String {
        String::from_utf8_lossy(self.next()).into_owned()
    }
}
