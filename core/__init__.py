"""What every app needs and none owns: errors, transitions, jobs, activity log, API plumbing, admin bases."""
