"""`atlas-hub events import`: files of usage, sent over HTTP; safe to repeat and to interrupt."""
