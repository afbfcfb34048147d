"""How fast the coach is, each figure beside a reference measured in the same run."""
