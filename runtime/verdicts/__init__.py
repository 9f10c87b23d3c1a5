"""Over- and under-escalation by what people say of sampled turns: drawing, judging, rates."""
