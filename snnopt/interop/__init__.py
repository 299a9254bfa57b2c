"""Networks and weights in other tools' words."""
