//! Conversations → assistant. Not built yet: see the roadmap in README.md.
