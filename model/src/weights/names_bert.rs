//! Where the parameters of encoders stand in files of BERT and DistilBERT.

use super::names::{Layout, block, suffix};

/// Layers and what they are called, beside the layouts of a weight.
fn linear(kind: &str) -> Layout {
    match kind {
        "weight" => Layout::Transposed,
        _ => Layout::Plain,
    }
}

pub(super) fn bert(path: &str) -> Option<(String, Layout)> {
    use Layout::Plain;
    let path = path.strip_prefix("encoder.").unwrap_or(path);
    if let Some((layer, rest)) = block(path) {
        let (module, kind) = rest.rsplit_once('.')?;
        let (name, layout) = match module {
            "attention_norm" => ("attention.output.LayerNorm", Plain),
            "feed_forward_norm" => ("output.LayerNorm", Plain),
            "attention.query" => ("attention.self.query", linear(kind)),
            "attention.key" => ("attention.self.key", linear(kind)),
            "attention.value" => ("attention.self.value", linear(kind)),
            "attention.output" => ("attention.output.dense", linear(kind)),
            "feed_forward.up" => ("intermediate.dense", linear(kind)),
            "feed_forward.down" => ("output.dense", linear(kind)),
            _ => return None,
        };
        let name = format!("bert.encoder.layer.{layer}.{name}.{}", suffix(kind));
        return Some((name, layout));
    }
    let (name, layout) = match path {
        "embedding.tokens.weight" => ("bert.embeddings.word_embeddings.weight", Plain),
        "embedding.positions.weight" => ("bert.embeddings.position_embeddings.weight", Plain),
        "embedding.segments.weight" => ("bert.embeddings.token_type_embeddings.weight", Plain),
        "embedding.norm.gamma" => ("bert.embeddings.LayerNorm.weight", Plain),
        "embedding.norm.beta" => ("bert.embeddings.LayerNorm.bias", Plain),
        "transform.weight" => ("cls.predictions.transform.dense.weight", Layout::Transposed),
        "transform.bias" => ("cls.predictions.transform.dense.bias", Plain),
        "transform_norm.gamma" => ("cls.predictions.transform.LayerNorm.weight", Plain),
        "transform_norm.beta" => ("cls.predictions.transform.LayerNorm.bias", Plain),
        "bias" => ("cls.predictions.bias", Plain),
        "head.output.weight" => ("cls.predictions.decoder.weight", Plain),
        _ => return None,
    };
    Some((name.into(), layout))
}

pub(super) fn distilbert(path: &str) -> Option<(String, Layout)> {
    use Layout::Plain;
    let path = path.strip_prefix("encoder.").unwrap_or(path);
    if let Some((layer, rest)) = block(path) {
        let (module, kind) = rest.rsplit_once('.')?;
        let (name, layout) = match module {
            "attention_norm" => ("sa_layer_norm", Plain),
            "feed_forward_norm" => ("output_layer_norm", Plain),
            "attention.query" => ("attention.q_lin", linear(kind)),
            "attention.key" => ("attention.k_lin", linear(kind)),
            "attention.value" => ("attention.v_lin", linear(kind)),
            "attention.output" => ("attention.out_lin", linear(kind)),
            "feed_forward.up" => ("ffn.lin1", linear(kind)),
            "feed_forward.down" => ("ffn.lin2", linear(kind)),
            _ => return None,
        };
        let name = format!(
            "distilbert.transformer.layer.{layer}.{name}.{}",
            suffix(kind)
        );
        return Some((name, layout));
    }
    let (name, layout) = match path {
        "embedding.tokens.weight" => ("distilbert.embeddings.word_embeddings.weight", Plain),
        "embedding.positions.weight" => ("distilbert.embeddings.position_embeddings.weight", Plain),
        "embedding.norm.gamma" => ("distilbert.embeddings.LayerNorm.weight", Plain),
        "embedding.norm.beta" => ("distilbert.embeddings.LayerNorm.bias", Plain),
        "transform.weight" => ("vocab_transform.weight", Layout::Transposed),
        "transform.bias" => ("vocab_transform.bias", Plain),
        "transform_norm.gamma" => ("vocab_layer_norm.weight", Plain),
        "transform_norm.beta" => ("vocab_layer_norm.bias", Plain),
        "bias" => ("vocab_projector.bias", Plain),
        "head.output.weight" => ("vocab_projector.weight", Plain),
        _ => return None,
    };
    Some((name.into(), layout))
}

/// What files of these families hold beside a model's parameters: positions that count up, the head
/// that says whether two sentences follow each other, and, for an encoder alone, the head that fills
/// in words.
pub(super) fn is_no_parameter(tensor: &str, of_encoder: bool) -> bool {
    let heads = [
        "cls.",
        "vocab_transform.",
        "vocab_layer_norm.",
        "vocab_projector.",
    ];
    tensor.ends_with("embeddings.position_ids")
        || tensor.contains("pooler.dense.")
        || tensor.starts_with("cls.seq_relationship.")
        || of_encoder && heads.iter().any(|head| tensor.starts_with(head))
}
