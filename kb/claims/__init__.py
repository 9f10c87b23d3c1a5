"""What articles state: claims taken from sentences, and which of them cannot both hold. Pure, no Django."""
