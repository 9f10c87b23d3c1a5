"""The teams that take conversations over: who they are, when they are there, which of them gets one."""
