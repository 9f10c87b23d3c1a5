"""Outside systems on this machine: they answer as the real ones do, and fail as told."""
