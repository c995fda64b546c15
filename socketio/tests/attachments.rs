//! Packets and the attachments after them, in order.

use sansocket_socketio::{Assembler, Attachment, Kind, Limits, PacketError, engine};

const TWO: &str = r#"52-["x",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;

#[test]
fn attachments_are_counted_after_their_packet() {
    let mut assembler = Assembler::new(Limits::new());
    for _ in 0..2 {
        assert_eq!(assembler.due(), 0);
        assert_eq!(assembler.text("2[\"plain\"]").map(|packet| packet.kind()), Ok(Kind::Event));
        assert_eq!(assembler.due(), 0);
        assert_eq!(assembler.text(TWO).map(|packet| packet.attachments()), Ok(2));
        assert_eq!(assembler.due(), 2);
        let first = assembler.binary(&[1, 2]).unwrap();
        assert_eq!((first, first.is_last(), assembler.due()), (Attachment { index: 0, of: 2, bytes: &[1, 2] }, false, 1));
        let second = assembler.binary(&[]).unwrap();
        assert_eq!((second, second.is_last(), assembler.due()), (Attachment { index: 1, of: 2, bytes: &[] }, true, 0));
    }
    assert_eq!(assembler.binary(&[]), Err(PacketError::NoAttachmentDue));
}

#[test]
fn pings_and_pongs_between_attachments_do_not_disturb() {
    let mut assembler = Assembler::new(Limits::new());
    let text = format!("4{TWO}");
    let mut log = Vec::new();
    for message in [Ok(&text[..]), Ok("2"), Err(&[7][..]), Ok("3"), Ok("6"), Err(&[8]), Ok("42[\"after\"]")] {
        let packet = message.map_or_else(|bytes| Ok(engine::Packet::Binary(bytes)), engine::Packet::decode).unwrap();
        match packet {
            engine::Packet::Message(text) => log.push(format!("{:?}", assembler.text(text).unwrap().kind())),
            engine::Packet::Binary(bytes) => log.push(format!("{bytes:?} {}", assembler.binary(bytes).unwrap().is_last())),
            other => log.push(format!("{other:?}")),
        }
    }
    assert_eq!(log, ["BinaryEvent", "Ping(\"\")", "[7] false", "Pong(\"\")", "Noop", "[8] true", "Event"]);
}

#[test]
fn text_while_attachments_are_due_is_an_error_whatever_it_is() {
    for text in ["2[\"x\"]", TWO, "1", "", "x"] {
        let mut assembler = Assembler::new(Limits::new());
        assembler.text(TWO).unwrap();
        assert_eq!(assembler.text(text).map(drop), Err(PacketError::AttachmentsDue));
        assembler.binary(&[]).unwrap();
        assert_eq!(assembler.text(text).map(drop), Err(PacketError::AttachmentsDue));
        assert_eq!(assembler.due(), 1);
    }
}

#[test]
fn binary_message_when_none_is_due_is_an_error() {
    let mut assembler = Assembler::new(Limits::new());
    assert_eq!(assembler.binary(&[1]), Err(PacketError::NoAttachmentDue));
    assembler.text("2[\"x\"]").unwrap();
    assert_eq!(assembler.binary(&[1]), Err(PacketError::NoAttachmentDue));
    // What is refused asks for nothing.
    assembler.text(r#"51-["x",{"_placeholder":true,"num":1}]"#).unwrap_err();
    assert_eq!(assembler.binary(&[1]), Err(PacketError::NoAttachmentDue));
    assembler.text("11").unwrap_err();
    assert_eq!(assembler.due(), 0);
}

#[test]
fn limits_hold_in_the_assembler_too() {
    let mut assembler = Assembler::new(Limits::new().max_attachments(1));
    assert_eq!(assembler.text(TWO).map(drop), Err(PacketError::TooManyAttachments));
    let mut assembler = Assembler::new(Limits::new().max_attachments(u16::MAX));
    assembler.text("565535-[\"x\"]").unwrap();
    let last = (0..u16::MAX).map(|index| {
        let attachment = assembler.binary(&[]).unwrap();
        assert_eq!(attachment.index, index);
        attachment.is_last()
    });
    assert_eq!(last.filter(|&is_last| is_last).count(), 1);
    assert_eq!(assembler.due(), 0);
}

#[test]
fn assembler_is_small_and_bytes_are_not_shown() {
    assert!(size_of::<Assembler>() <= 8);
    let shown = format!("{:?}", Attachment { index: 0, of: 1, bytes: b"hunter2" });
    assert_eq!(shown, "Attachment { index: 0, of: 1, bytes: 7 }");
}
