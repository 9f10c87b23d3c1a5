"""Messages that other systems send by signed webhook: taken once, in their order, and never answered live."""
