//! The folder of a trained classifier.

use crate::Result;
use crate::classification::Classification;
use crate::ground::Ground;
use crate::report::Report;
use crate::saved::{FILE, Settings};
use crate::tell::Found;
use slovo_model::{Classifier, save_model};
use slovo_train::files;
use slovo_train::place::Provenance;

impl Classification {
    /// Writes the best model's folder: complete or absent.
    pub(crate) fn keep(
        &self,
        model: &Classifier,
        ground: &Ground,
        found: &Found,
        report: &Report,
    ) -> Result<()> {
        let place = self.out.join("model");
        let temporary = files::beside(&place, "tmp");
        if temporary.exists() {
            files::remove_folder(&temporary)?;
        }
        let run = report.runs.iter().find(|run| run.seed == found.seed);
        let settings = Settings {
            encoding: self.recipe.encoding,
            temperature: found.told.temperature.get(),
            positive: self
                .positive()
                .map(|class| self.labelled.classes[class].clone()),
            threshold: run.and_then(|run| Some(run.threshold.as_ref()?.threshold)),
        };
        let json = serde_json::to_string_pretty(&settings)
            .map_err(|error| slovo_train::Error::Training(error.to_string()))?;
        let write = || -> Result<()> {
            save_model(&temporary, model)?;
            files::write_synced(&temporary.join(FILE), format!("{json}\n").as_bytes())?;
            let provenance = Provenance {
                version: env!("CARGO_PKG_VERSION").into(),
                stage: "classify".into(),
                step: run.map_or(0, |run| run.step),
                tokens: found.outcome.state.tokens,
                validation_loss: run.map_or(f64::NAN, |run| run.validation_loss),
                context: self.recipe.encoding.max_tokens,
                data: found.outcome.state.identity.data.clone(),
                tokenizer: ground.base.tokenizer.fingerprint(),
            };
            provenance.write(&temporary, &ground.base.tokenizer, serde_json::json!({}))?;
            files::sync_folder(&temporary)?;
            Ok(files::replace_folder(&temporary, &place)?)
        };
        let written = write();
        if written.is_err() {
            // The write's own error is the one to tell.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written
    }
}
