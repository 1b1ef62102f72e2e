"""What `pennyfix doctor` looks at: one noun per file, each a function that returns `Check`s and never raises."""
