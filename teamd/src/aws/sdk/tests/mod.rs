//! Adapter tests against a small fake of AWS that answers as each test scripts it.
