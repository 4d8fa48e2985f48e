//! Writes GGUF files for tests, right and wrong ones.
#![allow(dead_code)] // Not every test uses every part.

/// A file under construction.
#[derive(Clone, Default)]
pub struct Writer {
    keys: Vec<Vec<u8>>,
    infos: Vec<Vec<u8>>,
    data: Vec<u8>,
}

/// A value of the metadata: the number of its type, and its bytes.
pub struct Value(pub u32, pub Vec<u8>);

pub fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

pub fn text(text: &str) -> Value {
    Value(8, string(text))
}

pub fn int(value: u32) -> Value {
    Value(4, value.to_le_bytes().into())
}

pub fn float(value: f32) -> Value {
    Value(6, value.to_le_bytes().into())
}

pub fn flag(value: bool) -> Value {
    Value(7, vec![value.into()])
}

pub fn array(kind: u32, len: usize, bytes: Vec<u8>) -> Value {
    let head = [&kind.to_le_bytes()[..], &(len as u64).to_le_bytes()].concat();
    Value(9, [head, bytes].concat())
}

pub fn texts(list: &[&str]) -> Value {
    array(
        8,
        list.len(),
        list.iter().flat_map(|text| string(text)).collect(),
    )
}

pub fn ints(list: &[i32]) -> Value {
    array(
        5,
        list.len(),
        list.iter().flat_map(|n| n.to_le_bytes()).collect(),
    )
}

pub fn floats(list: &[f32]) -> Value {
    array(
        6,
        list.len(),
        list.iter().flat_map(|n| n.to_le_bytes()).collect(),
    )
}

impl Writer {
    pub fn key(mut self, key: &str, Value(kind, bytes): Value) -> Self {
        self.keys
            .push([string(key), kind.to_le_bytes().into(), bytes].concat());
        self
    }

    /// Gives a key that is there another value.
    pub fn set(mut self, key: &str, value: Value) -> Self {
        let name = string(key);
        self.keys.retain(|bytes| !bytes.starts_with(&name));
        self.key(key, value)
    }

    /// A tensor as it is described, of a type with that number, at an offset of the data.
    pub fn info(mut self, name: &str, sizes: &[u64], kind: u32, offset: u64) -> Self {
        let mut info = string(name);
        info.extend((sizes.len() as u32).to_le_bytes());
        sizes
            .iter()
            .for_each(|size| info.extend(size.to_le_bytes()));
        info.extend(kind.to_le_bytes());
        info.extend(offset.to_le_bytes());
        self.infos.push(info);
        self
    }

    /// A tensor of F32 values, with its shape slowest axis first.
    pub fn tensor(mut self, name: &str, shape: &[usize], values: &[f32]) -> Self {
        let offset = self.data.len() as u64;
        let sizes: Vec<u64> = shape.iter().rev().map(|size| *size as u64).collect();
        self.data
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        self.info(name, &sizes, 0, offset)
    }

    /// The keys alone.
    pub fn without_tensors(mut self) -> Self {
        self.infos.clear();
        self.data.clear();
        self
    }

    /// Bytes of data that no tensor describes.
    pub fn data(mut self, bytes: &[u8]) -> Self {
        self.data.extend(bytes);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.with_counts(3, self.infos.len() as u64, self.keys.len() as u64)
    }

    pub fn with_counts(&self, version: u32, tensors: u64, keys: u64) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(version.to_le_bytes());
        file.extend(tensors.to_le_bytes());
        file.extend(keys.to_le_bytes());
        file.extend(self.keys.concat());
        file.extend(self.infos.concat());
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(&self.data);
        file
    }
}

/// A small model of that architecture, with values 0, 1, 2, … in each tensor: two blocks, width 8,
/// four query heads and two others of width `head_dim`.
pub fn model(architecture: &str, head_dim: usize) -> Writer {
    let key = |name: &str| format!("{architecture}.{name}");
    let mut writer = Writer::default()
        .key("general.architecture", text(architecture))
        .key(&key("context_length"), int(64))
        .key(&key("embedding_length"), int(8))
        .key(&key("block_count"), int(2))
        .key(&key("feed_forward_length"), int(12))
        .key(&key("attention.head_count"), int(4))
        .key(&key("attention.head_count_kv"), int(2))
        .key(&key("attention.layer_norm_rms_epsilon"), float(1e-5));
    if head_dim != 2 {
        writer = writer
            .key(&key("attention.key_length"), int(head_dim as u32))
            .key(&key("attention.value_length"), int(head_dim as u32));
    }
    let (q, kv) = (4 * head_dim, 2 * head_dim);
    let mut tensors = vec![("token_embd.weight".to_owned(), vec![10, 8])];
    for block in 0..2 {
        let mut add = |name: &str, shape: &[usize]| {
            tensors.push((format!("blk.{block}.{name}"), shape.to_vec()));
        };
        add("attn_norm.weight", &[8]);
        add("attn_q.weight", &[q, 8]);
        add("attn_k.weight", &[kv, 8]);
        add("attn_v.weight", &[kv, 8]);
        if architecture == "qwen2" {
            add("attn_q.bias", &[q]);
            add("attn_k.bias", &[kv]);
            add("attn_v.bias", &[kv]);
        }
        if architecture == "qwen3" {
            add("attn_q_norm.weight", &[head_dim]);
            add("attn_k_norm.weight", &[head_dim]);
        }
        add("attn_output.weight", &[8, q]);
        add("ffn_norm.weight", &[8]);
        add("ffn_gate.weight", &[12, 8]);
        add("ffn_up.weight", &[12, 8]);
        add("ffn_down.weight", &[8, 12]);
    }
    tensors.push(("output_norm.weight".into(), vec![8]));
    for (name, shape) in tensors {
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|n: usize| n as f32)
            .collect();
        writer = writer.tensor(&name, &shape, &values);
    }
    writer
}

/// Everything that can be asked of a file: a model, a tokenizer, arrays in arrays.
pub fn full() -> Writer {
    let nested = [
        8u32.to_le_bytes().to_vec(),
        1u64.to_le_bytes().to_vec(),
        string("x"),
    ];
    let nothing = [8u32.to_le_bytes().to_vec(), 0u64.to_le_bytes().to_vec()];
    let tokens = ["<s>", "a", "b", "ab", "c", "d", "e", "f", "g", "h"];
    model("llama", 2)
        .key("tokenizer.ggml.model", text("gpt2"))
        .key("tokenizer.ggml.pre", text("smollm"))
        .key("tokenizer.ggml.tokens", texts(&tokens))
        .key(
            "tokenizer.ggml.token_type",
            ints(&[3, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        )
        .key("tokenizer.ggml.merges", texts(&["a b"]))
        .key("tokenizer.ggml.bos_token_id", int(0))
        .key("tokenizer.ggml.add_bos_token", flag(true))
        .key("tokenizer.chat_template", text("{{ x }}"))
        .key("nested", array(9, 1, nested.concat()))
        .key("nothing", Value(9, nothing.concat()))
}
