//! Nothing: the build script links it.
