//! The names of one file: those of its family, and what it leaves out of them.

use super::config_json::Family;
use super::names::{Layout, locate};
use super::tensors::Tensors;

/// How the tensors of a file are called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming {
    pub family: Family,
    /// What stands before the paths of a model that is part of another.
    pub root: &'static str,
    /// What the file leaves out before its names.
    pub omitted: &'static str,
    /// Whether norms have `gamma` and `beta`, as in the first published files of BERT, for `weight`
    /// and `bias`.
    pub old_norms: bool,
}

impl Naming {
    /// That of a family's file. Files of a model without head name their tensors without what
    /// `transformers` else puts before: the published GPT-2, sentence encoders.
    pub(super) fn of(family: Family, tensors: &Tensors<'_>) -> Self {
        let (omitted, bare) = match family {
            Family::Gpt2 => ("transformer.", "wte.weight"),
            Family::Llama(_) => ("model.", "embed_tokens.weight"),
            Family::Bert => ("bert.", "embeddings.word_embeddings.weight"),
            Family::DistilBert => ("distilbert.", "embeddings.word_embeddings.weight"),
            Family::Marian | Family::Slovo => ("", ""),
        };
        let omitted = match tensors.get(bare) {
            Some(_) => omitted,
            None => "",
        };
        let mut naming = Self::new(family);
        naming.omitted = omitted;
        naming.old_norms = true;
        let (norm, _) = naming.locate("embedding.norm.gamma");
        naming.old_norms = family == Family::Bert && tensors.get(&norm).is_some();
        naming
    }

    /// That of a family's file as `transformers` writes it today.
    pub(super) fn new(family: Family) -> Self {
        Self {
            family,
            root: "",
            omitted: "",
            old_norms: false,
        }
    }

    /// Name and layout of the parameter at `path`.
    pub(super) fn locate(&self, path: &str) -> (String, Layout) {
        // The trunk of a classifier is called as the model that it was.
        let path = match self.family {
            Family::Slovo => path,
            _ => path.strip_prefix("trunk.").unwrap_or(path),
        };
        let (name, layout) = locate(self.family, &format!("{}{path}", self.root));
        let name = name.strip_prefix(self.omitted).unwrap_or(&name);
        let name = match self.old_norms {
            true => name
                .replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta"),
            false => name.to_owned(),
        };
        (name, layout)
    }
}
