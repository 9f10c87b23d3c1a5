"""The demo company Larkstow: invented content, and nothing that the product treats specially."""
