"""The back-test in the admin: runs, the dial, and the panel beside a rule's Enable button."""
