//! What is served over HTTP: the ways in for platforms, and what operators ask.
