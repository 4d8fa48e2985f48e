//! Labelled text → classifier. Not built yet: see the roadmap in README.md.
