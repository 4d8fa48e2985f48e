//! Wrong files are errors that name the place, fast and without memory.

use crate::common::{Value, Writer, array, int, model, text};
use crate::measure::{alone, bounded};
use slovo_model::gguf::{Fault, Gguf};

/// The error that the file gives, which must come fast and cheap.
fn fault(what: &str, bytes: &[u8]) -> String {
    let read = || Gguf::from_bytes("a.gguf", bytes).map(|_| ());
    let message = bounded(what, read).err().map(|error| error.to_string());
    println!("{what}: {message:?}");
    message.unwrap_or_default()
}

fn floats_at(name: &str, offset: u64) -> Writer {
    Writer::default().info(name, &[8], 0, offset)
}

#[test]
fn wrong_files_are_errors_that_name_the_place() {
    let _alone = alone();
    let good = model("llama", 2);
    let whole = good.bytes();
    let most = u64::MAX;
    let endless = |kind: u32, len: u64| {
        let bytes = [&kind.to_le_bytes()[..], &len.to_le_bytes()].concat();
        Writer::default().key("a", Value(9, bytes)).bytes()
    };
    let deep = |levels: usize| {
        let one = [9u32.to_le_bytes().as_slice(), &1u64.to_le_bytes()].concat();
        let bytes = one.repeat(levels);
        Writer::default().key("deep", Value(9, bytes)).bytes()
    };
    let mut big = b"GGUF".to_vec();
    big.extend(3u32.to_be_bytes());
    big.extend([0; 16]);
    let mut long = Writer::default().bytes();
    long.truncate(24);
    long[16] = 1;
    long.extend(most.to_le_bytes());
    let overlap = floats_at("a", 0).info("b", &[8], 0, 0).data(&[0; 64]);
    let twice = floats_at("same", 0)
        .info("same", &[8], 0, 32)
        .data(&[0; 64]);
    let keys = Writer::default().key("k", int(1)).key("k", int(2));
    let shape = |sizes: &[u64], kind| Writer::default().info("t", sizes, kind, 0).bytes();
    let flood = |count: usize| {
        let list = array(8, count, vec![0; 8 * count]);
        Writer::default().key("flood", list).bytes()
    };
    for (what, bytes, expected) in [
        ("empty", vec![], "it begins with nothing"),
        ("text", b"\x1b[2Jhello".to_vec(), r#"begins with "\x1b[2J""#),
        (
            "LFS",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0".to_vec(),
            "git lfs pull",
        ),
        ("big-endian", big, "big-endian"),
        (
            "magic only",
            b"GGUF".to_vec(),
            "the version of the format begins at byte 4",
        ),
        (
            "version 1",
            Writer::default().with_counts(1, 0, 0),
            "GGUF version 1",
        ),
        (
            "version 4",
            Writer::default().with_counts(4, 0, 0),
            "GGUF version 4",
        ),
        (
            "all tensors",
            good.with_counts(3, most, 0),
            "the number of tensors is 18446744073709551615",
        ),
        (
            "all keys",
            good.with_counts(3, 0, most),
            "the number of metadata keys is 18446744073709551615",
        ),
        ("many keys", good.with_counts(3, 0, 10_000), "metadata key"),
        (
            "long key",
            long,
            "the length of metadata key 0 is 18446744073709551615",
        ),
        (
            "key not text",
            Writer::default()
                .key("k", int(1))
                .bytes()
                .iter()
                .map(|b| if *b == b'k' { 0xFF } else { *b })
                .collect(),
            "metadata key 0 is \"\\xff\", and should be UTF-8",
        ),
        (
            "value type",
            Writer::default().key("k", Value(13, vec![])).bytes(),
            "`k` has value type 13",
        ),
        (
            "long text",
            Writer::default()
                .key("k", Value(8, most.to_le_bytes().into()))
                .bytes(),
            "the value of metadata `k`",
        ),
        (
            "bool",
            Writer::default().key("k", Value(7, vec![2])).bytes(),
            "metadata `k` is the byte 2",
        ),
        (
            "long numbers",
            endless(10, most),
            "the value of metadata `a` begins at byte",
        ),
        ("long texts", endless(8, most), "the value of metadata `a`"),
        ("long arrays", endless(9, most), "the value of metadata `a`"),
        (
            "empty texts",
            flood(5_000_000),
            "the array of metadata `flood` is 5000000, but at most 2097152",
        ),
        (
            "nesting",
            deep(5),
            "the nesting of arrays in metadata `deep`",
        ),
        (
            "deep nesting",
            deep(1_000_000),
            "the nesting of arrays in metadata `deep`",
        ),
        (
            "keys twice",
            keys.bytes(),
            "two metadata keys are named \"k\"",
        ),
        (
            "tensors twice",
            twice.bytes(),
            "two tensors are named \"same\"",
        ),
        ("overlap", overlap.bytes(), "tensors `a` and `b` overlap"),
        (
            "offset",
            floats_at("far", 1 << 40).bytes(),
            "tensor `far` begins at byte",
        ),
        (
            "offset at the end",
            floats_at("far", !31).bytes(),
            "tensor `far` begins at byte",
        ),
        (
            "odd offset",
            floats_at("odd", 3).data(&[0; 64]).bytes(),
            "the offset of tensor `odd` is 3",
        ),
        (
            "alignment 0",
            Writer::default().key("general.alignment", int(0)).bytes(),
            "`general.alignment` is 0, and should be a power of two",
        ),
        (
            "alignment 48",
            Writer::default().key("general.alignment", int(48)).bytes(),
            "a power of two",
        ),
        (
            "alignment text",
            Writer::default()
                .key("general.alignment", text("x"))
                .bytes(),
            "`general.alignment` is \"x\"",
        ),
        (
            "alignment of all",
            floats_at("t", 0)
                .key(
                    "general.alignment",
                    Value(10, (1u64 << 63).to_le_bytes().into()),
                )
                .data(&[0; 64])
                .bytes(),
            "tensor `t` begins at",
        ),
        ("no axes", shape(&[], 0), "the shape of tensor `t` is []"),
        ("nothing", shape(&[0], 0), "the shape of tensor `t` is [0]"),
        (
            "five axes",
            shape(&[1; 5], 0),
            "the number of axes of tensor `t` is 5",
        ),
        (
            "product",
            shape(&[1 << 32, 1 << 32], 0),
            "the shape of tensor `t` is [4294967296, 4294967296]",
        ),
        ("bytes", shape(&[1 << 62], 0), "the shape of tensor `t`"),
        (
            "broken block",
            shape(&[33], 8),
            "whole blocks, which hold 32 values in Q8_0",
        ),
        ("unknown type", shape(&[32], 4), "tensor `t` has type 4"),
        (
            "strange type",
            shape(&[32], u32::MAX),
            "tensor `t` has type 4294967295",
        ),
        (
            "long name",
            Writer::default().info(&"n".repeat(65), &[1], 0, 0).bytes(),
            "the length of the name of tensor 0 is 65",
        ),
        (
            "cut in the data",
            whole[..whole.len() - 20].to_vec(),
            "tensor `output_norm.weight` begins at byte",
        ),
    ] {
        let message = fault(what, &bytes);
        assert!(message.starts_with("a.gguf: "), "{what}: {message}");
        assert!(message.contains(expected), "{what}: {message}");
    }

    // A good file, and one of the version before.
    assert_eq!(fault("good", &whole), "");
    let counts = |version| good.with_counts(version, 20, 8);
    assert!(counts(3) == whole);
    assert_eq!(fault("version 2", &counts(2)), "");

    // As many entries as are allowed, and names of all lengths.
    let mut full = Writer::default();
    for number in 0..1 << 14 {
        full = full.key(&format!("{number:->500}"), int(1)).info(
            &format!("{number}"),
            &[1],
            0,
            number * 32,
        );
    }
    let bytes = full.data(&vec![0; 32 << 14]).bytes();
    assert_eq!(fault("full", &bytes), "");
}

#[test]
fn a_fault_keeps_its_type() {
    let error = Gguf::from_bytes("x", b"GGUF").unwrap_err();
    assert!(matches!(
        error.fault,
        Fault::Short {
            at: 4,
            needs: 4,
            left: 0,
            ..
        }
    ));
    assert_eq!(error.path.to_str(), Some("x"));
}
