//! Wrong weights in a folder that is else right.

use crate::folders::{file_of, named, read_tensors};
use crate::measure::{alone, bounded};
use crate::shapes;
use burn::tensor::Device;
use slovo_model::{CausalLm, load_model, save_model};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const WEIGHTS: &str = "model.safetensors";

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    let model = CausalLm::new(&shapes::llama(), 6, &Device::default()).unwrap();
    save_model(folder.path(), &model).unwrap();
    folder
}

/// A file with that header and so many bytes of values.
fn file(header: &str, values: usize) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &vec![0; values]].concat()
}

fn tensor(name: &str, format: &str, shape: &str, offsets: [u64; 2]) -> String {
    let [start, end] = offsets;
    format!(r#""{name}":{{"dtype":"{format}","shape":{shape},"data_offsets":[{start},{end}]}}"#)
}

/// The error that the folder gives, which must come fast and cheap and name the file.
fn fault(folder: &Path, what: &str) -> String {
    let device = Device::default();
    let text = bounded(what, || named(load_model(folder, &device), folder, WEIGHTS));
    assert!(
        text.len() < 1000 && !text.contains('\x1b'),
        "{what}: {text}"
    );
    println!("{what}: {text}");
    text
}

#[test]
fn wrong_files_are_errors_that_name_the_place() {
    let _alone = alone();
    let folder = folder();
    let folder = folder.path();
    let good = fs::read(folder.join(WEIGHTS)).unwrap();
    let one = |format: &str, shape: &str, offsets, values| {
        file(
            &format!("{{{}}}", tensor("x", format, shape, offsets)),
            values,
        )
    };
    let two = |first: [u64; 2], second: [u64; 2], values| {
        let header = [
            tensor("a", "F32", "[2]", first),
            tensor("b", "F32", "[2]", second),
        ];
        file(&format!("{{{}}}", header.join(",")), values)
    };
    let mut endless = good.clone();
    endless[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut longer = good.clone();
    let length = good.len() as u64 - 7;
    longer[..8].copy_from_slice(&length.to_le_bytes());
    let mut negative = good.clone();
    negative[..8].copy_from_slice(&(1u64 << 63).to_le_bytes());
    let many = (0..20_000).map(|n| tensor(&format!("t{n}"), "F32", "[0]", [0, 0]));
    let many = format!("{{{}}}", many.collect::<Vec<_>>().join(","));
    let text = "a".repeat(2_000_000);
    for (what, bytes, expected) in [
        (
            "empty",
            vec![],
            "it has 0 bytes, and the length of its header alone takes 8",
        ),
        ("seven bytes", vec![1; 7], "it has 7 bytes"),
        (
            "endless header",
            endless,
            "the header has 18446744073709551615 bytes, but",
        ),
        (
            "negative header",
            negative,
            "the header has 9223372036854775808 bytes, but",
        ),
        (
            "header longer than the file",
            longer,
            "follow; it begins with \"A",
        ),
        (
            "LFS",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n".to_vec(),
            "this is a Git LFS pointer",
        ),
        (
            "web page",
            b"<!DOCTYPE html><html>".to_vec(),
            "it begins with \"<!DOCTYPE html><\"",
        ),
        (
            "pickle",
            b"PK\x03\x04\0\0\x08\x08\0\0\0\0".to_vec(),
            "it begins with \"PK\\x03\\x04",
        ),
        (
            "GGUF",
            b"GGUF\x03\0\0\0\x10\0\0\0\0\0\0\0".to_vec(),
            "it begins with \"GGUF",
        ),
        ("no header", file("", 0), "in its header: EOF while parsing"),
        (
            "no JSON",
            file("\x1b[2Jhello", 0),
            "in its header: expected value at line 1 column 1",
        ),
        (
            "a list",
            file("[1]", 0),
            "expected an object with an entry for each tensor",
        ),
        ("no tensors", file("{}", 0), "is missing"),
        (
            "cut header",
            file(r#"{"a":{"dtype":"F32","#, 0),
            "in its header: EOF",
        ),
        ("text behind", file("{}}", 0), "trailing characters"),
        (
            "not UTF-8",
            {
                let mut bytes = one("F32", "[1]", [0, 4], 4);
                bytes[10] = 0xFF;
                bytes
            },
            "in its header: ",
        ),
        (
            "deep list",
            file(&"[".repeat(1_000_000), 0),
            "expected an object",
        ),
        (
            "deep tensor",
            file(&format!(r#"{{"a":{}"#, "[".repeat(1_000_000)), 0),
            "in its header: ",
        ),
        (
            "deep metadata",
            file(&format!(r#"{{"__metadata__":{}"#, "[".repeat(1_000_000)), 0),
            "in its header: EOF",
        ),
        (
            "deep objects",
            file(
                &format!(r#"{{"__metadata__":{}"#, r#"{"a":"#.repeat(300_000)),
                0,
            ),
            "in its header: EOF",
        ),
        (
            "long text",
            file(&format!(r#"{{"a":"{text}"}}"#), 0),
            "invalid type: string",
        ),
        (
            "long name",
            file(&format!("{{{}}}", tensor(&text, "Q4", "[1]", [0, 4])), 4),
            "… (",
        ),
        (
            "unknown field",
            file(r#"{"a":{"dtype":"F32","shape":[],"x":1}}"#, 0),
            "unknown field",
        ),
        (
            "missing field",
            file(r#"{"a":{"dtype":"F32","shape":[]}}"#, 0),
            "missing field",
        ),
        (
            "field twice",
            file(
                r#"{"a":{"dtype":"F32","dtype":"F16","shape":[],"data_offsets":[0,4]}}"#,
                4,
            ),
            "duplicate field `dtype`",
        ),
        ("many tensors", file(&many, 0), "more than 16384 tensors"),
        (
            "many axes",
            one("F32", "[1,1,1,1,1,1,1,1,1]", [0, 4], 4),
            "more than 8 axes",
        ),
        (
            "many sizes",
            one("F32", &format!("[1{}]", ",1".repeat(1_000_000)), [0, 4], 4),
            "more than 8 axes",
        ),
        (
            "negative size",
            one("F32", "[-1]", [0, 4], 4),
            "invalid value: integer `-1`",
        ),
        (
            "huge size",
            one("F32", "[99999999999999999999]", [0, 4], 4),
            "in its header: ",
        ),
        (
            "broken size",
            one("F32", "[1.5]", [0, 4], 4),
            "floating point `1.5`",
        ),
        (
            "product",
            one("F32", "[4294967296,4294967296]", [0, 4], 4),
            "tensor `x` of shape [4294967296, 4294967296] in F32 needs more bytes than a file can",
        ),
        (
            "bytes",
            one("F64", "[4611686018427387904]", [0, 4], 4),
            "needs more bytes than a file can have",
        ),
        (
            "too few bytes",
            one("F32", "[2]", [0, 4], 4),
            "needs 8 bytes, but its offsets are 0 to 4",
        ),
        (
            "too many bytes",
            one("F32", "[1]", [0, 8], 8),
            "needs 4 bytes, but its offsets",
        ),
        (
            "half bytes",
            one("F4", "[3]", [0, 1], 1),
            "tensor `x` of shape [3] in F4",
        ),
        (
            "offsets reversed",
            one("F32", "[1]", [4, 0], 4),
            "its offsets are 4 to 0",
        ),
        (
            "offset at the end",
            one("F32", "[1]", [u64::MAX - 4, u64::MAX], 4),
            "has the offsets 18446744073709551611 to 18446744073709551615, but 4 bytes of values",
        ),
        (
            "offset outside",
            one("F32", "[1]", [4, 8], 4),
            "has the offsets 4 to 8, but 4 bytes",
        ),
        (
            "overlap",
            two([0, 8], [4, 12], 12),
            "tensors `a` and `b` overlap",
        ),
        (
            "the same bytes",
            two([0, 8], [0, 8], 8),
            "tensors `a` and `b` overlap",
        ),
        (
            "hole",
            two([0, 8], [12, 20], 20),
            "4 bytes before tensor `b` belong to no tensor",
        ),
        (
            "hole at the front",
            two([4, 12], [12, 20], 20),
            "4 bytes before tensor `a` belong",
        ),
        (
            "rest",
            two([0, 8], [8, 16], 19),
            "3 bytes behind the last tensor belong to none",
        ),
        (
            "one name",
            file(
                &format!(
                    "{{{},{}}}",
                    tensor("a", "F32", "[1]", [0, 4]),
                    tensor("a", "F32", "[1]", [4, 8])
                ),
                8,
            ),
            "two tensors are named `a`",
        ),
        (
            "unknown format",
            one("Q4", "[1]", [0, 4], 4),
            "tensor `x` holds Q4 values, but F32",
        ),
        (
            "control characters",
            one("F32\\u001b[2J", "[1]", [0, 4], 4),
            "holds F32\\u{1b}[2J",
        ),
        ("cut short", good[..good.len() - 1].to_vec(), "cut short"),
        (
            "one byte more",
            [&good[..], &[0]].concat(),
            "1 bytes behind the last tensor",
        ),
    ] {
        fs::write(folder.join(WEIGHTS), &bytes).unwrap();
        let text = fault(folder, what);
        assert!(text.contains(expected), "{what}: {text}");
    }
    fs::write(folder.join(WEIGHTS), &good).unwrap();
    load_model(folder, &Device::default()).unwrap();
}

#[test]
fn tensors_that_do_not_fit_the_model() {
    let _alone = alone();
    let folder = folder();
    let folder = folder.path();
    let good = read_tensors(folder);
    let name = "model.layers.1.mlp.up_proj.weight";
    let change = |what: &str, change: &dyn Fn(&mut crate::folders::Contents), expected: &str| {
        let mut contents = good.clone();
        change(&mut contents);
        fs::write(folder.join(WEIGHTS), file_of(&contents)).unwrap();
        let text = fault(folder, what);
        assert!(text.contains(expected), "{what}: {text}");
    };
    use ::safetensors::Dtype;
    change(
        "missing",
        &|all| drop(all.remove(name)),
        "of shape [20, 8] is missing",
    );
    change(
        "surplus",
        &|all| drop(all.insert("x\u{1b}".repeat(50), (Dtype::F32, vec![0], vec![]))),
        "belongs to no part of the model",
    );
    for (format, width) in [
        (Dtype::F64, 8),
        (Dtype::I32, 4),
        (Dtype::F8_E4M3, 1),
        (Dtype::BOOL, 1),
    ] {
        let wrong = (format, vec![20, 8], vec![0; 160 * width]);
        let expected = format!("`{name}` holds {format} values, but F32, F16 and BF16 can be read");
        change(
            "format",
            &|all| drop(all.insert(name.into(), wrong.clone())),
            &expected,
        );
    }
    for shape in [vec![8, 20], vec![160], vec![20, 8, 1], vec![2, 10, 8]] {
        let wrong = (Dtype::F32, shape, vec![0; 640]);
        change(
            "shape",
            &|all| drop(all.insert(name.into(), wrong.clone())),
            "but config.json makes it [20, 8]",
        );
    }
}

/// Nothing is read of a file that is wrong far behind.
#[test]
fn a_huge_file_costs_no_more_than_a_small_one() {
    let _alone = alone();
    let folder = folder();
    let folder = folder.path();
    let path = folder.join(WEIGHTS);
    let sparse = |header: u64, text: &str, length: u64| {
        let mut file = File::create(&path).unwrap();
        file.write_all(&header.to_le_bytes()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_len(length)
    };
    if sparse(0, "", 1 << 33).is_err() {
        println!("skipped: no file of 8 GB can be made here");
        return;
    }
    // A header of 200 MB, and one that is as long as the file.
    for length in [200_000_000, (1 << 33) - 8, 5_000_000] {
        sparse(length, "{", 1 << 33).unwrap();
        let text = fault(folder, "long header");
        assert!(text.contains("and at most 4194304 are read"), "{text}");
    }
    // A tensor of 8 GB where the model has one of 352 bytes.
    let good = fs::read(folder.join("config.json")).unwrap();
    let values = (1 << 33) - 8 - 100;
    let entry = tensor("lm_head.weight", "U8", &format!("[{values}]"), [0, values]);
    let header = format!("{{{entry:<98}}}");
    sparse(100, &header, 1 << 33).unwrap();
    let text = fault(folder, "huge tensor");
    assert!(
        text.contains("`model.embed_tokens.weight` of shape [11, 8] is missing"),
        "{text}"
    );
    // A head that is tied and lies there twice, the second time 4 GB large.
    let values = 1 << 32;
    let rest = (1 << 33) - 8 - 400 - values;
    let entries = [
        tensor("lm_head.weight", "U8", &format!("[{values}]"), [0, values]),
        tensor(
            "model.embed_tokens.weight",
            "U8",
            &format!("[{rest}]"),
            [values, values + rest],
        ),
    ];
    sparse(400, &format!("{{{:<398}}}", entries.join(",")), 1 << 33).unwrap();
    fault(folder, "huge tied head");
    assert!(!good.is_empty());
}

/// What would keep a reader waiting, or is no file at all.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused() {
    let _alone = alone();
    let folder = folder();
    let folder = folder.path();
    let path = folder.join(WEIGHTS);
    fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if made.is_ok_and(|status| status.success()) {
        let text = fault(folder, "pipe");
        assert!(text.contains("is a device or a pipe"), "{text}");
        fs::remove_file(&path).unwrap();
    }
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    let text = fault(folder, "device");
    assert!(text.contains("is a device or a pipe"), "{text}");
    fs::remove_file(&path).unwrap();
    // As the cache of Hugging Face keeps them.
    let elsewhere = folder.join("blob");
    let model = CausalLm::new(&shapes::llama(), 6, &Device::default()).unwrap();
    save_model(&elsewhere, &model).unwrap();
    std::os::unix::fs::symlink(elsewhere.join(WEIGHTS), &path).unwrap();
    load_model(folder, &Device::default()).unwrap();
}
