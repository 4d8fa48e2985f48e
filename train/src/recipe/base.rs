//! Training that goes on with another model, instead of beginning anew: continued pretraining.

use super::{Data, Model, Objective, Recipe};
use crate::place::ModelPlace;
use crate::{Error, Result};
use slovo_data::prepare::expand;
use slovo_data::recipe::TokenizerRecipe;
use slovo_model::{ModelKind, TransformerConfig, load_config, model_kind};

impl Recipe {
    /// Lets training begin with the weights of a run folder or model folder. The shape is that model's, and
    /// its tokenizer reads the text.
    ///
    /// # Errors
    ///
    /// A folder without a model, or with one that the objective does not train.
    pub(super) fn begin_with(&mut self, base: &str) -> Result<()> {
        let path = expand(base)?;
        let place = ModelPlace::find(&path)?;
        if place.folder.is_file() {
            return Err(Error::Folder {
                path: place.folder,
                what: "is a file; `cargo xtask import FILE --out DIR` makes a model folder of it, and DIR \
                       would do"
                    .into(),
            });
        }
        let wanted = match self.objective {
            Objective::Masked(_) => ModelKind::MaskedLm,
            _ => ModelKind::CausalLm,
        };
        let found = model_kind(&place.folder)?;
        if found != wanted || self.learns_from_pairs() {
            return Err(Error::Folder {
                path: place.folder,
                what: format!("here is {found}, which this objective does not go on with"),
            });
        }
        self.model = Model::Shape(load_config(&place.folder)?);
        let folder = match place.folder == path {
            true => base.to_owned(),
            false => format!("{base}/model"),
        };
        if let Data::Inline(data) = &mut self.data {
            data.tokenizer = TokenizerRecipe::File(folder);
        }
        self.base = Some(base.to_owned());
        Ok(())
    }

    /// Where the weights are that training begins with.
    ///
    /// # Errors
    ///
    /// A folder that is not there any more, or holds another shape than the recipe.
    pub fn base(&self) -> Result<Option<ModelPlace>> {
        let Some(base) = &self.base else {
            return Ok(None);
        };
        let place = ModelPlace::find(&expand(base)?)?;
        let wanted = self.model()?;
        // How much is dropped in training is no matter of the weights.
        let found = TransformerConfig {
            dropout: wanted.dropout,
            ..load_config(&place.folder)?
        };
        match found == wanted {
            true => Ok(Some(place)),
            false => Err(Error::Value {
                field: "model",
                found: "another shape than the base's".into(),
                expected: format!("the shape of {base}, or no base, would do"),
            }),
        }
    }
}
