//! Conversations to an assistant: tuned, judged, talked to, served.
//!
//! ```text
//! records ─► template ─► examples ─► order, batch ─► fit ─► keep ─► chat, serve
//!                            └► preference                └─► judge ─► report
//! ```
//!
//! A [`recipe`] says which conversations, which base and which of it learns; [`tuning`] trains it by the
//! learner that pretraining has, answers the test questions and writes the report. [`Assistant`] is what
//! another program uses:
//!
//! ```no_run
//! use burn::tensor::Device;
//! use slovo_data::stop::Stop;
//! use slovo_instruct::{Assistant, Message, Role, TemplateRecipe};
//! use slovo_model::Sampling;
//!
//! # fn main() -> slovo_instruct::Result<()> {
//! let device = Device::default();
//! let helper = Assistant::load("runs/instruct".as_ref(), &TemplateRecipe::Base, &device)?;
//! let asked = [Message::new(Role::User, "Convert 45 kilometers to meters.")];
//! let answers = helper.answer_all(&[&asked], &Sampling::greedy(), 64, 1, &Stop::new())?;
//! if let Some(Some(answer)) = answers.and_then(|mut all| all.pop()) {
//!     println!("{}", answer.text);
//! }
//! # Ok(())
//! # }
//! ```

mod assistant;
pub mod batch;
pub mod chat;
pub mod command;
mod conversation;
mod error;
pub mod examples;
pub mod fit;
pub mod judge;
pub mod keep;
pub mod order;
pub mod preference;
pub mod recipe;
pub mod records;
pub mod replay;
pub mod report;
pub mod serve;
pub mod task;
pub mod template;
pub mod tuning;

pub use assistant::{Answer, Assistant, newest_base};
pub use conversation::{Conversation, Message, Role};
pub use error::{Error, Result};
pub use template::TemplateRecipe;
